# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.izzzi.infra.plugins.action import host_change
from ansible_collections.izzzi.infra.plugins.action.host_change import ActionModule, refusal

GOOD = ["true"]
BAD = ["sh", "-c", "echo Permission denied >&2; exit 255"]


@pytest.fixture(autouse=True)
def no_pause(monkeypatch):
    monkeypatch.setattr(host_change, "PAUSE_SECONDS", 0)


def action(proof, *answers):
    """The action with a host that gives these answers, and the list of what the host is asked."""
    asked = []
    replies = iter(answers)

    def execute(module_args, task_vars):
        asked.append(module_args)
        return dict(next(replies))

    arguments = {"guard_seconds": 30, "files": []} | ({"proof": proof} if proof else {})
    task = SimpleNamespace(args=arguments, async_val=0, check_mode=False, diff=False)
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    made = ActionModule(task, connection, play_context=None, loader=None, templar=None)
    made._execute_module = execute
    return made, asked


def run(made):
    return made.run(task_vars={})


GUARDED = {"changed": True, "guarded": True}


def test_a_command_that_succeeds_refuses_nothing():
    assert refusal(GOOD, 5) is None


def test_a_refusal_is_told_in_its_words():
    assert refusal(BAD, 5) == "Permission denied"
    assert refusal(["false"], 5) == "exit status 1"


def test_a_later_try_may_succeed(tmp_path):
    again = f"[ -e {tmp_path}/tried ] || {{ touch {tmp_path}/tried; exit 1; }}"
    assert refusal(["sh", "-c", again], 5) is None


def test_a_command_that_hangs_or_is_not_there():
    assert refusal(["sleep", "5"], 0.2) == "no answer within 0 seconds"
    assert refusal(["/nonexistent/ssh"], 5) == "/nonexistent/ssh: No such file or directory"


def test_a_proven_change_is_kept():
    made, asked = action(GOOD, GUARDED, {"changed": False})
    assert run(made) == {"changed": True, "guarded": False, "refusal": ""}
    assert asked == [{"guard_seconds": 30, "files": []}, {"state": "confirmed"}]


def test_a_change_without_its_proof_is_taken_back():
    made, asked = action(BAD, GUARDED, {"changed": False})
    result = run(made)
    assert asked[-1] == {"state": "undone"}
    assert result["failed"]
    assert not result["changed"]
    assert not result["guarded"]
    assert result["refusal"] == "Permission denied"
    assert result["msg"] == "The proof failed: Permission denied"


def test_what_could_not_be_taken_back_is_still_guarded():
    made, _asked = action(BAD, GUARDED, {"failed": True, "msg": "no room"})
    result = run(made)
    assert result["guarded"]
    assert result["msg"].endswith("The host has not taken the change back yet: no room")


@pytest.mark.parametrize(
    "ending", [{"failed": True, "msg": "the timer was first"}, {"unreachable": True, "msg": "gone"}]
)
def test_a_change_that_could_not_be_confirmed_is_no_success(ending):
    made, _asked = action(GOOD, GUARDED, ending)
    assert run(made) == ending


@pytest.mark.parametrize(
    "answer", [{"changed": False, "guarded": False}, {"failed": True, "msg": "sshd says no"}, {"unreachable": True}]
)
def test_without_a_guarded_change_nothing_is_proven(answer):
    made, asked = action(BAD, answer)
    assert run(made) == answer
    assert len(asked) == 1


def test_without_a_proof_a_later_task_decides():
    made, asked = action(None, GUARDED)
    assert run(made) == GUARDED
    assert len(asked) == 1
