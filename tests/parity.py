# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/parity.md: what each runner of an app has, from playbooks, roles and the wiring. `make parity` writes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.izzzi.infra.plugins.module_utils._app.wiring import wired

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs/parity.md"
ROLES = {"compose": "app_compose", "swarm": "swarm_stack"}
FOR_NODES = {"managers", "managers[0]", "workers"}  # groups of hosts that only a Swarm has
FOUND = {"data_host", "acting_manager"}  # groups that a playbook fills itself, from the others
FOUND |= {"app_hosts", "!app_machines"}  # of several apps: aliases of a host of the others
NO_VERBS = {"require_droplets", "restore_first", "servers"}
HEAD = """# What each runner has

Made by `make parity` from the playbooks, the roles' inputs and `inventories/wiring.yml`; a test fails when it is not
what that makes. What one runner lacks, and why, stands in `playbooks/tasks/vars/parity.yml`; a verb says it before
anything is touched.
"""

Has = dict[str, dict[str, bool]]  # by what is written, then by runner


def read(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def verbs() -> Has:
    """Return the playbooks. A runner has one when its role has the tasks that it runs, or hosts that it is for."""
    found = {}
    for path in sorted((ROOT / "playbooks").glob("*.yml")):
        if path.stem in NO_VERBS:
            continue
        text = path.read_text(encoding="utf-8")
        entries = re.findall(r'name: "izzzi\.infra\.\{\{ app_runner \}\}"\n +(?:tasks_from: (\w+))?', text)
        hosts = {
            group for line in re.findall(r"^  hosts: (.+)$", text, flags=re.MULTILINE) for group in line.split(":")
        }
        found[path.stem] = {
            runner: all((ROOT / f"roles/{role}/tasks/{entry or 'main'}.yml").is_file() for entry in entries)
            and not (runner == "compose" and hosts and hosts - FOUND <= FOR_NODES)
            and not (runner == "swarm" and hosts and hosts - FOUND == {"web"})
            for runner, role in ROLES.items()
        }
    return found


def inputs() -> Has:
    """Return what an app declares. A runner has it when an input of its role follows from it, by the wiring."""
    options = {
        role: read(f"roles/{role}/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
        for role in ROLES.values()
    }
    wiring = wired(read("inventories/wiring.yml"), options)
    names = {"app_" + name.removeprefix(f"{role}_") for role, inputs in options.items() for name in inputs}
    used = {runner: set(_used(wiring, list(options[role]))) for runner, role in ROLES.items()}
    used["compose"] |= set(_used(wiring, ["nginx_sites"]))  # the role nginx is Compose's edge
    names |= {"app_site"}
    names -= {"app_message_prefix", "app_message_sites"}
    names -= {"app_pages", "app_pages_secrets"}  # the wiring's: people say operator_pages_enabled, for both runners
    return {name: {runner: name in used[runner] for runner in ROLES} for name in sorted(names)}


def _used(wiring: dict[str, Any], names: list[str]) -> Iterator[str]:
    """Names of variables that follow, one from the other."""
    seen: set[str] = set()
    while names:
        if (name := names.pop()) in seen:
            continue
        seen.add(name)
        yield name
        names += re.findall(r"\b[a-z]\w+\b", str(wiring.get(name, "")))


def problems() -> list[str]:
    """Return what has no reason although a runner lacks it, and reasons for what it does not lack."""
    said, found = read("playbooks/tasks/vars/parity.yml"), []
    for kind, has, prefix in (("verbs", verbs(), ""), ("inputs", inputs(), "app_")):
        lacking = {(name, runner) for name, runners in has.items() for runner, there in runners.items() if not there}
        given = {(prefix + name, runner) for name, runners in said["lacks"][kind].items() for runner in runners}
        found += [
            f"{name}: {runner} lacks it, and lacks.{kind} does not say why" for name, runner in sorted(lacking - given)
        ]
        found += [
            f"{name}: lacks.{kind} says that {runner} lacks it, and it does not"
            for name, runner in sorted(given - lacking)
        ]
        differs = {(prefix + name, runner) for name, runners in said["differs"][kind].items() for runner in runners}
        known = {(name, runner) for name in has for runner in ROLES}
        found += [
            f"{name}: differs.{kind} names what {runner} lacks"
            for name, runner in sorted(differs - known | differs & lacking)
        ]
    return found


def table(kind: str, has: Has, prefix: str, said: dict[str, Any]) -> list[str]:
    def cell(name: str, runner: str) -> str:
        short = name.removeprefix(prefix)
        if not has[name][runner]:
            return "no: " + said["lacks"][kind][short][runner].strip()
        more = said["differs"][kind].get(short, {}).get(runner, "")
        return f"yes: {more}" if more else "yes"

    return [f"| `{name}` | {cell(name, 'compose')} | {cell(name, 'swarm')} |" for name in has]


def document() -> str:
    said = read("playbooks/tasks/vars/parity.yml")
    head = ["| {} | Compose, one server | Swarm, several servers |", "|---|---|---|"]
    lines = [HEAD, "## Verbs: the playbooks", "", head[0].format("Verb"), head[1]]
    lines += table("verbs", verbs(), "", said)
    lines += ["", "## Inputs: what an app declares in `app.yml`", "", head[0].format("Input"), head[1]]
    return "\n".join(lines + table("inputs", inputs(), "app_", said)) + "\n"


if __name__ == "__main__":
    if found := problems():
        raise SystemExit("\n".join(found))
    DOCUMENT.write_text(document(), encoding="utf-8")
