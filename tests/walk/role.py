# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's own task files without ansible-playbook: tasks, blocks, conditions and templates are the role's; modules
run through `Modules`. What a role says in another way than those here know is an error, so that the walk cannot drift
from the role in silence."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ansible._internal._templating._jinja_bits import AnsibleEnvironment, _TemplateCompileContext
from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar

ROOT = Path(__file__).resolve().parents[2]
_SKIPPED = {"skipped": True, "changed": False}
_KEYWORDS = {
    "name", "when", "register", "vars", "tags", "module_defaults", "block", "rescue", "always", "no_log",
    "delegate_to", "become", "check_mode", "changed_when", "failed_when", "notify", "diff", "loop", "loop_control",
    "environment", "until", "retries", "delay", "async", "poll",
}  # fmt: skip

# Before anything of the collection is imported: only then are its filters found.
init_plugin_loader([str(ROOT / ".ansible/collections")])

# Its name, its arguments, whether it is a check; its environment where one is given.
Module = Callable[..., dict[str, Any]]


@cache
def remember_templates() -> None:
    """A Templar compiles each template anew, which takes most of a run's time; the same text is the same code."""
    known: dict[tuple[Any, ...], Any] = {}
    compiled = AnsibleEnvironment.compile

    def compile(self: Any, source: Any, name: Any = None, filename: Any = None, *more: Any, **options: Any) -> Any:
        context = _TemplateCompileContext.current(optional=True)
        if not isinstance(source, str) or name or filename or more or options or not context:
            return compiled(self, source, name, filename, *more, **options)
        settings = (self.variable_start_string, self.block_start_string, self.trim_blocks, self.lstrip_blocks)
        key = (str(source), settings, context.escape_backslashes)
        if key not in known:
            known[key] = compiled(self, source)
        return known[key]

    AnsibleEnvironment.compile = compile  # type: ignore[method-assign]


def action_of(task: Mapping[str, Any]) -> str:
    """The key of a task that names its module."""
    actions = [key for key in task if key not in _KEYWORDS]
    assert len(actions) == 1, f"tests/walk/role.py does not know {actions} of the task {task.get('name')!r}"
    return actions[0]


class Failed(Exception):
    """A task failed."""

    def __init__(self, task: Mapping[str, Any], result: Mapping[str, Any]):
        super().__init__(result.get("msg", ""))
        self.task, self.result = task, result


class Killed(Exception):
    """The run is no more: no rescue, no always."""


class Role:
    """One role, its files read once."""

    def __init__(self, name: str):
        self.name, self.directory = name, ROOT / "roles" / name
        self.loader = DataLoader()
        self._files: dict[str, Any] = {}
        self.defaults = self.read("defaults/main.yml") or {}
        self.vars = self.read("vars/main.yml") or {}
        self._options = self.read("meta/argument_specs.yml")["argument_specs"]

    def read(self, path: str) -> Any:
        if path not in self._files:
            self._files[path] = self.loader.load_from_file(str(self.directory / path), trusted_as_template=True)
        return self._files[path]

    def tasks_of(self, include: str | dict[str, Any]) -> list[dict[str, Any]]:
        """The tasks of an include or an import; what it applies to them is tags, which a whole run does not heed."""
        if isinstance(include, str):
            include = {"file": include}
        assert set(include.get("apply", {})) <= {"tags"}, f"tests/walk/role.py does not know what {include} applies"
        return self.read(f"tasks/{include['file']}")

    def invalid(self, entry: str, given: Mapping[str, Any]) -> list[str]:
        """What the role's argument spec has against the inputs."""
        options = self._options.get(entry, {}).get("options", {})
        specified = {name: {k: v for k, v in option.items() if k != "default"} for name, option in options.items()}
        mine = {name: value for name, value in given.items() if name in options}
        return list(ArgumentSpecValidator(specified).validate(mine).error_messages)


class Run:
    """One run of a role on a host."""

    def __init__(self, role: Role, given: Mapping[str, Any], module: Module, check: bool = False):
        remember_templates()  # here, because it changes Ansible for the whole process, and reading a role should not
        self.role, self.check = role, check
        self._given, self._module = given, module
        self._facts: dict[str, Any] = {}
        self._module_defaults: dict[str, Any] = {}
        self._environment: dict[str, Any] = {}
        self.changed: list[str] = []  # names of tasks
        self.results: dict[str, dict[str, Any]] = {}  # by name of task
        self.said: list[str] = []

    def __call__(self, entry: str = "main") -> None:
        if errors := self.role.invalid(entry, self._template(dict(self._given))):
            raise Failed({"name": "Validating arguments"}, {"msg": "\n".join(errors)})
        self._tasks(self.role.read(f"tasks/{entry}.yml"))

    def _templar(self, more: Mapping[str, Any] | None = None) -> Templar:
        variables = {
            "inventory_hostname": "walk",
            **self.role.defaults,
            **self._given,
            **self.role.vars,
            **self._facts,
            **(more or {}),
            "ansible_check_mode": self.check,
            "role_path": str(self.role.directory),
            "ansible_search_path": [str(self.role.directory)],  # of the lookups file and template
            "omit": _OMIT,
        }
        return Templar(loader=self.role.loader, variables=variables)

    def _template(self, value: Any, more: Mapping[str, Any] | None = None) -> Any:
        return self._templar(more).template(value)

    def _is_met(self, condition: Any, more: Mapping[str, Any] | None = None) -> bool:
        conditions = condition if isinstance(condition, list) else [condition]
        return all(self._templar(more).evaluate_conditional(one) for one in conditions)

    def _tasks(self, tasks: list[dict[str, Any]]) -> None:
        for task in tasks:
            self._task(task)

    def _task(self, task: dict[str, Any]) -> None:
        if "block" in task:
            return self._block(task)
        action = action_of(task)
        if "loop" not in task and not self._is_met(task.get("when", True), task.get("vars")):
            # An import's condition counts for each of its tasks, which then register that they were skipped.
            if action.endswith("import_tasks"):
                return [self._skip(one) for one in self.role.tasks_of(task[action])]
            return self._skip(task)
        if action.endswith(("import_tasks", "include_tasks")):
            return self._tasks(self.role.tasks_of(task[action]))
        return self._act(task, action)

    def _skip(self, task: dict[str, Any]) -> None:
        if "register" in task:
            self._facts[task["register"]] = _SKIPPED

    def _block(self, task: dict[str, Any]) -> None:
        if not self._is_met(task.get("when", True)):
            return
        before = self._module_defaults, self._environment
        self._module_defaults = {**before[0], **task.get("module_defaults", {})}
        self._environment = {**before[1], **task.get("environment", {})}
        try:
            self._rescued(task)
        except Failed:
            self._tasks(task.get("always", []))
            raise
        else:
            self._tasks(task.get("always", []))
        finally:
            self._module_defaults, self._environment = before

    def _rescued(self, task: dict[str, Any]) -> None:
        try:
            self._tasks(task["block"])
        except Failed as failure:
            if "rescue" not in task:
                raise
            self._facts |= {"ansible_failed_task": failure.task, "ansible_failed_result": failure.result}
            self._tasks(task["rescue"])

    def _act(self, task: dict[str, Any], action: str) -> None:
        name = str(task.get("name", action))
        result = self._loop(task, action) if "loop" in task else self._until(task, action, task.get("vars"))
        if "register" in task:
            self._facts[task["register"]] = result
        self.results[name] = result
        if result.get("failed"):
            raise Failed({"name": name}, result)
        if result.get("changed"):
            self.changed.append(name)

    def _loop(self, task: dict[str, Any], action: str) -> dict[str, Any]:
        results: list[dict[str, Any]] = []
        for item in self._template(task["loop"], task.get("vars")):
            more = {**task.get("vars", {}), "item": item}
            if not self._is_met(task.get("when", True), more):
                results.append(_SKIPPED)
                continue
            results.append(self._until(task, action, more))
        failed = next((result for result in results if result.get("failed")), {})
        return {**failed, "results": results, "changed": any(result.get("changed") for result in results)}

    def _until(self, task: dict[str, Any], action: str, more: Mapping[str, Any] | None) -> dict[str, Any]:
        for _ in range(task.get("retries", 3) if "until" in task else 0):
            result = self._once(task, action, more)
            if self._is_met(task["until"], {**(more or {}), task["register"]: result}):
                return result
            time.sleep(task.get("delay", 5))
        return self._once(task, action, more)

    def _once(self, task: dict[str, Any], action: str, more: Mapping[str, Any] | None) -> dict[str, Any]:
        try:
            result = self._result(task, action, more)
            if "skipped" in result:
                return result
            if "register" in task:  # the conditions read it
                more = {**(more or {}), task["register"]: result}
            if "changed_when" in task:
                result["changed"] = self._is_met(task["changed_when"], more)
            if "failed_when" in task:
                result["failed"] = self._is_met(task["failed_when"], more)
            elif result.get("rc", 0) and action.endswith((".command", ".shell")):
                result["failed"] = True
        except AnsibleError as error:
            return {"failed": True, "changed": False, "msg": str(error)}
        return result

    def _result(self, task: dict[str, Any], action: str, more: Mapping[str, Any] | None) -> dict[str, Any]:
        arguments = task[action]
        if isinstance(arguments, str):
            arguments = self._template(arguments, more)
        defaults = {**self._module_defaults, **task.get("module_defaults", {})}.get(action, {})
        if isinstance(defaults, str):
            defaults = self._template(defaults)
        merged = {**defaults, **(arguments or {})}
        short = action.rpartition(".")[2]
        if short == "assert":
            return self._assert(merged, more)
        given = {k: v for k, v in self._template(merged, more).items() if v != _OMIT}
        if own := self._own(short, given):
            return own
        assert "async" not in task, f"tests/walk/role.py does not know async of the task {task.get('name')!r}"
        check = task.get("check_mode", self.check)
        environment = {**self._environment, **self._template(task.get("environment", {}), more)}
        return self._module(short, given, check, *([environment] if environment else []))

    def _own(self, action: str, given: dict[str, Any]) -> dict[str, Any] | None:
        """What needs no host."""
        if action == "set_fact":
            self._facts |= given
            return {"changed": False}
        if action == "debug":
            message = given.get("msg", "")
            self.said += [str(line) for line in message] if isinstance(message, list) else [str(message)]
            return {"changed": False}
        if action == "fail":
            return {"failed": True, "msg": given["msg"]}
        return None

    def _assert(self, given: Mapping[str, Any], more: Mapping[str, Any] | None) -> dict[str, Any]:
        if self._is_met(given["that"], more):
            return {"changed": False}
        return {"failed": True, "msg": self._template(given.get("fail_msg", "Assertion failed"), more)}


_OMIT: Any = "__omit_of_the_walk__"
