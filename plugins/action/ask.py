# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible.errors import AnsibleActionFail, AnsiblePromptInterrupt, AnsiblePromptNoninteractive
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

display = Display()
ARGUMENT_SPEC = {"questions": {"type": "dict", "required": True}}
QUESTION_SPEC = {
    "ask": {"type": "str", "required": True},
    "said": {"type": "str", "default": ""},
    "default": {"type": "str"},
    "choices": {"type": "list", "elements": "str", "default": []},
}


class ActionModule(ActionBase):
    """Runs on the controller only. Core's own `pause` warns where there is no terminal, and asks one thing."""

    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        given = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)[1]["questions"]
        questions = {name: _complete(name, question) for name, question in given.items()}
        answers = {name: question["said"] for name, question in questions.items()}
        open_ones = [name for name, said in answers.items() if not said]
        asked = []
        # Who has said all that has no default wants to hear no questions.
        if any(questions[name]["default"] is None for name in open_ones):
            try:
                for name in open_ones:
                    answers[name] = _ask(questions[name])
                    asked.append(name)
            except AnsiblePromptNoninteractive:
                pass  # who calls says what is missing
            except AnsiblePromptInterrupt as error:
                raise AnsibleActionFail("The questions were broken off. Nothing was changed.") from error
        for name in open_ones:
            answers[name] = answers[name] or questions[name]["default"] or ""
        result.update(changed=False, answers=answers, asked=asked)
        return result


def _complete(name, question) -> dict:
    if not isinstance(question, dict):
        raise AnsibleActionFail(f"questions.{name} must be a dictionary with `ask`.")
    result = ArgumentSpecValidator(QUESTION_SPEC).validate(question)
    if result.error_messages:
        raise AnsibleActionFail(f"questions.{name}: {result.error_messages[0]}.")
    return result.validated_parameters


def _ask(question) -> str:
    """Ask until the answer is one of the choices, if there are any. A question with a default may stay unanswered."""
    choices, default = question["choices"], question["default"]
    shown = f" ({', '.join(choices)})" if choices else ""
    shown += f" [{default or 'none'}]" if default is not None else ""
    while True:
        answer = display.prompt_until(f"{question['ask']}{shown}:").decode("utf-8", "replace").strip()
        if (answer and (not choices or answer in choices)) or (not answer and default is not None):
            return answer
