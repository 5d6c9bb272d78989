# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail, AnsiblePromptInterrupt, AnsiblePromptNoninteractive
from ansible.parsing.dataloader import DataLoader
from ansible_collections.izzzi.infra.plugins.action import ask

QUESTIONS = {
    "env": {"ask": "Which", "choices": ["production", "dev"]},
    "project": {"ask": "What", "said": ""},
    "region": {"ask": "Where", "default": "fra1"},
    "domain": {"ask": "By which", "default": ""},
}


@pytest.fixture
def person(monkeypatch):
    """Answers in turn what is typed; an error is what core raises."""
    heard: list[str] = []

    def types(*answers):
        left = list(answers)

        def prompt_until(text: str) -> bytes:
            heard.append(text)
            answer = left.pop(0)
            if isinstance(answer, Exception):
                raise answer
            return answer

        monkeypatch.setattr(ask, "display", SimpleNamespace(prompt_until=prompt_until))
        return heard

    return types


def run(questions: dict) -> dict:
    task = SimpleNamespace(args={"questions": questions}, action="izzzi.infra.ask", async_val=0, check_mode=False)
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    return ask.ActionModule(task, connection, play_context=None, loader=DataLoader(), templar=None).run(task_vars={})


def said(**answers: str) -> dict:
    return {name: {**question, "said": answers.get(name, "")} for name, question in QUESTIONS.items()}


def test_who_is_asked_for_one_thing_is_asked_for_all_that_is_missing(person):
    heard = person(b"prod", b"", b" dev ", b"", b"shop.test")
    result = run(said(project="shop"))
    assert result["answers"] == {"env": "dev", "project": "shop", "region": "fra1", "domain": "shop.test"}
    assert result["asked"] == ["env", "region", "domain"]
    assert heard == ["Which (production, dev):"] * 3 + ["Where [fra1]:", "By which [none]:"]


def test_who_has_said_all_that_has_no_default_is_not_asked(person):
    heard = person()
    assert run(said(env="dev", project="shop"))["answers"]["region"] == "fra1"
    assert heard == []


def test_without_a_terminal_what_is_missing_stays_empty(person):
    person(AnsiblePromptNoninteractive("no terminal"))
    result = run(said(project="shop"))
    assert (result["answers"]["env"], result["answers"]["region"], result["asked"]) == ("", "fra1", [])


def test_who_breaks_off_hears_that_nothing_happened(person):
    person(AnsiblePromptInterrupt("^C"))
    with pytest.raises(AnsibleActionFail, match="Nothing was changed"):
        run(said())


@pytest.mark.parametrize(
    ("question", "words"),
    [("text", "must be a dictionary"), ({}, "missing required arguments: ask"), ({"ask": "a", "b": 1}, "b")],
)
def test_a_question_that_is_none_is_refused(question, words):
    with pytest.raises(AnsibleActionFail, match=words):
        run({"q": question})
