# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app import history

WHO = {
    "user": "ada",
    "host": "laptop",
    "author": "Ada <ada@example.com>",
    "ci": "https://ci.example/7",
    "verb": "deploy",
    "run": "r7",
    "seconds": 30,
}


def line(number: int = 0, **more):
    told = {"from": "a", "to": "b", "seconds": 1.26, **more}
    return history.line(WHO, "shop", "deploy", "web-1", 1000.0 + number, **told)


def test_a_line_says_when_who_what_from_where_to_where_and_how_it_ended():
    found = line(id="x")
    assert found == {
        "id": "x",
        "when": "1970-01-01T00:16:40Z",
        "app": "shop",
        "server": "web-1",
        "verb": "deploy",
        "did": "deploy",
        "who": {"user": "ada", "host": "laptop", "author": "Ada <ada@example.com>", "ci": "https://ci.example/7"},
        "run": "r7",
        "what": "",
        "from": "a",
        "to": "b",
        "result": "ok",
        "seconds": 31.3,
        "detail": "",
    }


def test_no_line_holds_a_secret():
    secret = {"detail": "it said pa55word", "what": "TOKEN=hunter22"}
    who = {**WHO, "ci": "https://me:geheim99@ci.example/7"}
    found = json.dumps(history.line(who, "shop", "run", "web-1", 0.0, ["pa55word"], **secret))
    assert not any(text in found for text in ("pa55word", "hunter22", "geheim99"))


def test_lines_are_appended_for_root_alone_and_each_is_there_once(tmp_path):
    root = tmp_path / "history"
    first, second = line(0), line(1)
    assert history.add("shop", [first], root) == 1
    assert history.add("shop", [second, first], root) == 1
    assert history.add("shop", [first, second], root) == 0
    assert history.read("shop", root=root) == [first, second]
    assert history.read("shop", 1, root) == [second]
    assert root.stat().st_mode & 0o777 == 0o700
    assert (root / "shop.jsonl").stat().st_mode & 0o777 == 0o600


def test_a_line_that_a_full_disk_has_cut_is_left_out(tmp_path):
    history.add("shop", [line(0)], tmp_path)
    with (tmp_path / "shop.jsonl").open("a") as file:
        file.write('{"id": "half", "wh\n[]\n')
    history.add("shop", [line(1)], tmp_path)
    assert [one["when"] for one in history.read("shop", root=tmp_path)] == [line(0)["when"], line(1)["when"]]


def test_a_long_file_becomes_the_former_one_and_both_are_read(tmp_path):
    for number in range(8):
        history.add("shop", [line(number)], tmp_path, limit=900)
    current, former = history.files("shop", tmp_path)
    assert former.exists()
    assert current.stat().st_size < 2000
    assert history.read("shop", 1, tmp_path)[0]["when"] == line(7)["when"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 4000


def test_all_that_one_run_does_on_a_host_is_one_line(tmp_path):
    def changed(what, run="r1", **more):
        new = history.line({"run": run}, history.SERVER, history.HOST, "web-1", 5.0, what=what, **more)
        new = history.joined(history.read("", 10, tmp_path), new)
        history.add("", [new], tmp_path)

    changed("base, docker")
    changed("nginx, docker", result="failed")
    changed("base", run="r2")
    told = [(one["run"], one["what"], one["result"]) for one in history.read("", root=tmp_path)]
    assert sorted(told) == [("r1", "base, docker, nginx", "failed"), ("r2", "base", "ok")]


def test_histories_of_several_hosts_are_one():
    first, second, third = line(0), line(1), line(2)
    assert history.merged([second, third], [first, second]) == [first, second, third]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            line(),
            "1970-01-01 00:16:40  ok      deploy a -> b, 31.3 s, ada@laptop (Ada <ada@example.com>) https://ci.example/7",
        ),
        (
            history.line({"user": "root"}, "shop", "stop", "web-1", 0.0, result="failed", detail="why"),
            "1970-01-01 00:00:00  failed  stop, 0 s, root\n    why",
        ),
        (
            history.line({"verb": "site"}, history.SERVER, "host", "web-1", 0.0, what="base"),
            "1970-01-01 00:00:00  ok      site web-1 base, 0 s, somebody",
        ),
    ],
)
def test_a_line_for_people(given, told):
    assert history.text(given) == told


def test_lines_of_several_apps_say_whose_they_are():
    lines = [history.line({}, app, "stop", "web-1", 0.0) for app in ("shop", history.SERVER)]
    assert not any("shop:" in told for told in history.texts(lines))
    told = history.texts([*lines, history.line({}, "blog", "stop", "web-1", 0.0)])
    assert ["shop: stop" in told[0], "@server" in told[1], "blog: stop" in told[2]] == [True, False, True]
