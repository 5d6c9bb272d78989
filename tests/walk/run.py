# SPDX-License-Identifier: GPL-3.0-or-later
"""One run of the module izzzi.infra.environment in this process, one request after the other."""

from __future__ import annotations

import copy
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError, Client
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.declaration import complete
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.environment import Environment, Plan, converge
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.environment_lock import EnvironmentLock
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.names import Names
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.plan import Problems
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resource import Wait
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resources import RESOURCES
from ansible_collections.izzzi.infra.plugins.modules.environment import ARGUMENT_SPEC

from .account import TOKEN, URL, Account, Killed

POOL = "ansible_collections.izzzi.infra.plugins.module_utils._cloud.account.ThreadPoolExecutor"


class InOrder:
    """A pool without threads: the same order each time."""

    def __init__(self, max_workers: int) -> None:
        """One after the other needs no workers."""

    def __enter__(self) -> InOrder:
        return self

    def __exit__(self, *_error: object) -> None:
        """All are done."""

    def submit(self, call: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)
        return future


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
    with patch(POOL, InOrder):  # during a run alone: other tests share this process
        return _run(account, declaration, check)


def _run(account: Account, declaration: dict[str, Any], check: bool) -> Result:
    given = {"api_url": URL, "api_token": TOKEN, **copy.deepcopy(declaration)}
    validated = ArgumentSpecValidator(ARGUMENT_SPEC).validate(given)
    assert not validated.error_messages, validated.error_messages
    result = Result()
    account.writes, account.reads = [], 0

    def make() -> Environment:
        environment = Environment(declared, client, sleep=account.sleep, clock=account.clock)
        plan = environment.plan

        def told() -> Plan:
            made = plan()
            result.plan = [step.show() for step in made.steps]
            return made

        environment.plan = told  # type: ignore[method-assign]
        return environment

    try:
        declared, problems = complete(validated.validated_parameters, RESOURCES)
        if problems:
            raise Problems(problems)
        client = Client(URL, TOKEN, account.send, sleep=account.sleep, clock=account.clock)
        wait = Wait(declared["wait_timeout"], account.sleep, account.clock)
        lock = EnvironmentLock(client, Names(declared["project"], declared["environment"]), wait, now=account.clock)
        environment, plan = converge(make, lock, check=check)
        result.outcome, result.warnings = environment.outcome(plan), environment.warnings
    except (ApiError, Problems) as error:
        result.refused, result.failed = ("", str(error)) if account.writes else (str(error), "")
    except Killed:
        result.killed = True
    return result
