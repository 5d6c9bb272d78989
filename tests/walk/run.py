"""One run of the module izzzi.infra.environment in this process, one request after the other."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.izzzi.infra.plugins.module_utils import _account, _carry_out, _declaration, _domain
from ansible_collections.izzzi.infra.plugins.module_utils._client import ApiError, Client
from ansible_collections.izzzi.infra.plugins.module_utils._environment import Environment
from ansible_collections.izzzi.infra.plugins.module_utils._nouns import NOUNS
from ansible_collections.izzzi.infra.plugins.module_utils._plan import Problems
from ansible_collections.izzzi.infra.plugins.modules.environment import ARGUMENT_SPEC

from .account import TOKEN, URL, Account, Killed

for module in (_account, _carry_out, _domain):
    module.together = lambda calls: [call() for call in calls]  # the same order each time


@dataclass
class Result:
    """How a run ended. `refused`: before anything was written; `failed`: while it wrote."""

    plan: list[dict[str, Any]] = field(default_factory=list)
    refused: str = ""
    failed: str = ""
    killed: bool = False
    outcome: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def is_done(self) -> bool:
        return not (self.refused or self.failed or self.killed)

    @property
    def work(self) -> list[dict[str, Any]]:
        return [step for step in self.plan if step["action"] not in ("noop", "keep")]


def run(account: Account, declaration: dict[str, Any], *, check: bool = False) -> Result:
    """What main() of the module does, with the account's transport, clock and sleep."""
    given = {"api_url": URL, "api_token": TOKEN, **copy.deepcopy(declaration)}
    validated = ArgumentSpecValidator(ARGUMENT_SPEC).validate(given)
    assert not validated.error_messages, validated.error_messages
    result = Result()
    try:
        declared, problems = _declaration.complete(validated.validated_parameters, NOUNS)
        if problems:
            raise Problems(problems)
        client = Client(URL, TOKEN, account.send, sleep=account.sleep, clock=account.clock)
        environment = Environment(declared, client, sleep=account.sleep, clock=account.clock)
        plan = environment.plan()
    except (ApiError, Problems) as error:
        result.refused = str(error)
        return result
    result.plan = [step.show() for step in plan.steps]
    try:
        if not check:
            environment.carry_out(plan)
        result.outcome, result.warnings = environment.outcome(plan), environment.warnings
    except (ApiError, Problems) as error:
        result.failed = str(error)
    except Killed:
        result.killed = True
    return result
