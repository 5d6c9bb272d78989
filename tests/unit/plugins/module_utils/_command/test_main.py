# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
from types import SimpleNamespace

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.logs import Line
from ansible_collections.izzzi.infra.plugins.module_utils._command import main as command
from ansible_collections.izzzi.infra.plugins.module_utils._command.settings import App, CommandFailed

APP = App("shop", "compose", database={"service": "db", "name": "shop", "user": "owner"}, hidden=("hunter22",))


class Runner:
    """Says what it is asked."""

    app = APP

    def act(self, verb, **params):
        if verb == "logs":
            return {"logs": f"{params}"}
        if verb == "info":
            return {"status": ["all well"], "listed": ["r1 live"]}
        return {"events": [f"{verb} {params['service']}".strip()]}

    def ps(self):
        return ["api runs"]

    def container(self, service):
        if service == "nope":
            raise CommandFailed("nope with hunter22 does not run.")
        return f"id-of-{service}"

    def inside(self, words):
        return ["informed", *words]

    def sources(self, wanted, *more):
        return []


@pytest.fixture
def typed(monkeypatch, capsys):
    """What a command line does: its status, what it wrote, and the program that it became."""

    def run(*arguments: str) -> SimpleNamespace:
        became = []
        monkeypatch.setattr(command, "choose", lambda _app: APP)
        monkeypatch.setattr(command, "runner_of", lambda _app: Runner())
        monkeypatch.setattr(command.signal, "signal", lambda *_: None)
        monkeypatch.setattr(command.os, "execvp", lambda _program, words: became.extend(words))
        try:
            status = command.main(arguments)
        except SystemExit as ended:
            status = ended.code
        out, err = capsys.readouterr()
        return SimpleNamespace(status=status, out=out, err=err, became=became)

    return run


@pytest.mark.parametrize(
    ("arguments", "out"),
    [
        (["ps"], "api runs\n"),
        (["status"], "all well\n"),
        (["releases"], "r1 live\n"),
        (["restart"], "restart\n"),
        (["restart", "api"], "restart api\n"),
        (["stop"], "stop\n"),
        (["-a", "shop", "start"], "start\n"),
        (["logs", "--since=10m", "api"], "{'service': 'api', 'since': '10m', 'grep': '', 'lines': None}\n"),
        (["logs", "-n", "5"], "{'service': '', 'since': '', 'grep': '', 'lines': 5}\n"),
    ],
)
def test_a_subcommand_asks_the_runner(typed, arguments, out):
    done = typed(*arguments)
    assert (done.status, done.out, done.err) == (0, out, "")


@pytest.mark.parametrize(
    ("arguments", "became"),
    [
        (["exec", "api", "--", "ls", "-l"], ["id-of-api", "informed", "ls", "-l"]),
        (["exec", "api", "ls", "-l"], ["id-of-api", "informed", "ls", "-l"]),
        (["psql"], ["id-of-db", "psql", "-U", "owner", "-d", "shop"]),
        (["psql", "-h", "x", "-c", "S 1"], ["id-of-db", "psql", "-U", "owner", "-d", "shop", "-h", "x", "-c", "S 1"]),
    ],
)
def test_what_is_run_inside_takes_the_place_of_the_command(typed, arguments, became):
    done = typed(*arguments)
    assert done.became[:3] == ["docker", "exec", "--interactive"]
    assert done.became[3:] == became, "no terminal here"


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ([], 2, "izzzi: the following arguments are required: COMMAND. Usage: izzzi"),
        (["exec"], 2, "required: SERVICE, -- COMMAND. Usage: izzzi exec SERVICE -- COMMAND"),
        (["stop", "api"], 2, "unrecognized arguments: api. Usage: izzzi"),
        (["exec", "api"], 1, "The command is missing. Usage: izzzi exec SERVICE -- COMMAND"),
        (["dance"], 2, "invalid choice: 'dance'"),
        (["redis"], 1, "declares no Redis"),
        (["logs", "--since", "soon"], 1, "since is 'soon', and must be a duration"),
        (["exec", "nope", "--", "ls"], 1, "nope with ******** does not run."),
    ],
)
def test_what_does_not_fit_is_said_in_one_line(typed, arguments, status, said):
    done = typed(*arguments)
    assert done.status == status
    assert said in done.err
    assert done.err.count("\n") == 1


def test_lines_that_are_followed_are_shown_as_they_come(typed, monkeypatch):
    def some(_sources, _is_over):
        yield Line("2026-01-05T10:00:00.000000000Z", "api-1", "key hunter22")
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "follow", some)
    done = typed("logs", "-f", "api")
    assert (done.status, done.out) == (130, "2026-01-05T10:00:00.000 api-1 | key ********\n")


def test_following_ends_when_nobody_reads(monkeypatch):
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as output:
        monkeypatch.setattr(command.sys, "stdout", output)
        assert command.nobody_reads() is False
        os.close(reading)
        assert command.nobody_reads() is True


def test_a_runner_is_found_by_its_name(monkeypatch):
    monkeypatch.setenv("SUDO_USER", "ann")
    assert command.runner_of(APP).owner.startswith("ann@")
