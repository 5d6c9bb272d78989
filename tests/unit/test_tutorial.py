# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the tutorial: what is kept of an answer, and that docs/tutorial.md has the commands of its template."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tutorial.page import Command, comparable, parse, shown

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = (ROOT / "tests/tutorial/template.md").read_text()
BLOCK = """\
Text
> quoted

```console
$ cat > file <<'END'
> line
> END
$ install things
~ ^done
~
$ ask
```
$ no command
"""


def test_commands_are_those_of_console_blocks():
    assert list(parse(BLOCK)) == [
        "Text\n",
        "> quoted\n",
        "\n",
        "```console\n",
        Command(("cat > file <<'END'", "line", "END")),
        Command(("install things",), ("^done", "")),
        Command(("ask",)),
        "```\n",
        "$ no command\n",
    ]


def test_a_command_is_typed_as_a_shell_shows_it():
    command = Command(("cat <<END", "line", "END"))
    assert command.typed() == "$ cat <<END\n> line\n> END"
    assert command.text == "cat <<END\nline\nEND"


@pytest.mark.parametrize(
    ("patterns", "kept"),
    [((), "one\ndone 2\nthree\n"), (("^done",), "done 2\n"), (("",), ""), (("^one", "thr"), "one\nthree\n")],
)
def test_of_an_answer_patterns_keep_lines(patterns, kept):
    assert Command(("ask",), patterns).kept("one\ndone 2\nthree") == kept


def test_a_pattern_that_finds_nothing_is_a_failure():
    with pytest.raises(ValueError, match="'gone' is not found in what ask answered"):
        Command(("ask",), ("gone",)).kept("one\n")


def test_a_page_shows_one_home_and_one_address_and_keeps_the_sandboxs_own():
    text = "App http://198.51.100.56/ from 198.51.100.1, key /tmp/x/.ssh/id  \n"
    assert shown(text, "/tmp/x") == "App http://198.51.100.20/ from 198.51.100.1, key /home/you/.ssh/id\n"


def test_two_runs_may_take_different_seconds_and_find_other_updates():
    assert comparable("base      26.8 s  7 changed") == comparable("base     101.2 s  7 changed")
    assert comparable("base      26.8 s  7 changed            app") == comparable(
        "base       3.0 s  18 changed           app"
    )
    assert comparable("base      26.8 s  7 changed            app") != comparable(
        "base      26.8 s  as declared          app"
    )
    assert (
        comparable("app : ok=48   changed=0")
        == comparable("app : ok=9    changed=0")
        != comparable("app : ok=9    changed=1")
    )


def test_two_runs_may_delete_in_another_order():
    assert comparable("Plan:\n  - tag b\n  - tag a\nend\n") == comparable("Plan:\n  - tag a\n  - tag b\nend\n")
    assert comparable("Plan:\n  - tag a\n") != comparable("Plan:\n  - tag c\n")


def test_the_page_has_the_templates_text_and_commands():
    """What came of them is for scripts/tutorial, which types them."""
    page = (ROOT / "docs/tutorial.md").read_text()
    place = 0
    for part in parse(TEMPLATE):
        wanted = part if isinstance(part, str) else part.typed().partition("ADDRESS")[0]
        found = page.find(wanted, place)
        assert found >= 0, wanted
        place = found + len(wanted)
