# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose's own judgement of the documents that a release would write, told in the words of the declaration."""

from __future__ import annotations

import difflib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .._app.program import CommandError
from .colours import render
from .files import colour_files, data_files, write_files
from .project import Compose

if TYPE_CHECKING:
    from .transaction import Transaction

# For a suggestion only: what a document may say is Compose's to know.
_KEYS = re.split(
    r"\s+",
    """annotations blkio_config build cap_add cap_drop cgroup cgroup_parent command configs container_name cpu_count
cpu_percent cpu_shares cpus cpuset credential_spec depends_on deploy develop devices dns dns_opt dns_search domainname
entrypoint env_file environment expose extends external_links extra_hosts group_add healthcheck hostname image init ipc
isolation labels links logging mac_address mem_limit mem_reservation mem_swappiness memswap_limit network_mode networks
oom_kill_disable oom_score_adj pid pids_limit platform ports privileged profiles pull_policy read_only restart runtime
scale secrets security_opt shm_size stdin_open stop_grace_period stop_signal storage_opt sysctls tmpfs tty ulimits user
userns_mode uts volumes volumes_from working_dir port replicas checks assets build_env context dockerfile args target
test interval timeout retries start_period start_interval disable""",
)
_UNKNOWN = re.compile(
    r"services(?:\.(?P<place>\S+))?\s+additional propert(?:y|ies) '?(?P<key>.+?)'? (?:is |are )?not allowed",
    re.IGNORECASE,
)
_REQUIRED = re.compile(
    r"services\.(?P<place>[^:\s]+): required variable (?P<name>\w+) is missing a value:? ?(?P<why>.*)"
)
_UNDEFINED = re.compile(r'service "(?P<place>[^"]+)" (?P<rest>(?:refers to|depends on) undefined (?P<kind>\w+) [^:]+)')
_PLACE = re.compile(r"services(?:\.|\[)(?P<place>[\w-]+)\]?(?P<key>(?:\.[\w-]+)*)['.:\s]*(?P<rest>.*)", re.DOTALL)


def compose_problems(t: Transaction, release: str) -> list[str]:
    """What Compose has against the candidate's document and the data services'."""
    found = _judge(t.app.colour_project(t.next_colour), colour_files(t, release, t.next_colour), "app_compose_services")
    if t.app.data_services:
        found += _judge(t.app.project, data_files(t, _made_later(t)), "app_compose_data_services")
    return found


def _made_later(t: Transaction) -> dict[str, str]:
    """Passwords that the first run makes, after it has been judged."""
    parts = {"database": t.database, "redis": t.options.redis}
    return {
        f"{part.upper()}_OWNER_PASSWORD": "made-later"
        for part, declared in parts.items()
        if declared and not t.owner_password(part)
    }


def _judge(project: str, files: Mapping[Path, str], variable: str) -> list[str]:
    """List what Compose has against a rendering beside the real files, with the candidate's variables."""
    texts = {path.name: text for path, text in files.items()}
    said = _ask(project, texts)
    if not said:
        return []
    if (told := explain(said, variable)) is not None:
        return [told]
    guilty = [name for name, alone in _each_alone(texts["compose.yml"]) if _ask(project, texts | alone) == said]
    return [f"{variable}{''.join(f'.{name}' for name in guilty[:1])}: Compose refuses it: {said}"]


def _each_alone(document: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Documents of one service, for a complaint that names none."""
    whole = json.loads(document)
    for name, service in whole["services"].items():
        yield name, {"compose.yml": render(whole | {"services": {name: service}})}


def _ask(project: str, texts: Mapping[str, str]) -> str:
    """What Compose says against files; empty when it takes them. Only root reads them, and they go at once."""
    with tempfile.TemporaryDirectory(prefix="izzzi-judge-") as name:
        write_files({Path(name) / file: text for file, text in texts.items()})
        try:
            Compose(project, Path(name))("config", "--quiet")
        except CommandError as error:
            lines = (line.strip() for line in str(error).splitlines()[1:] if "level=warning" not in line)
            return " ".join(lines).replace(f"validating {name}/compose.yml: ", "") or str(error)
    return ""


def explain(said: str, variable: str) -> str | None:
    """Compose's message, with the service and the key that it is about as the declaration names them; None when it
    names none."""
    if re.search("is not a docker command|unknown command|unknown flag: --project-name", said):
        return "This host's Docker has no Compose plugin. Install it, for example with the role izzzi.infra.docker."
    if match := _UNKNOWN.search(said):
        place = f"{variable}.{match['place']}".rstrip(":") if match["place"] else variable
        near = difflib.get_close_matches(match["key"], _KEYS, 1) if match["place"] else []
        hint = f" Did you mean `{near[0]}`?" if near else ""
        return f"{place}: Compose does not take `{match['key']}` here.{hint}"
    if match := _REQUIRED.search(said):
        why = f" ({match['why'].strip()})" if match["why"].strip() else ""
        return (
            f"{variable}.{match['place']} needs ${{{match['name']}}}{why}, and nothing defines it:"
            " app_compose_env or app_compose_secret_env."
        )
    if match := _UNDEFINED.search(said):
        cure = " Declare it in app_compose_volumes." if match["kind"] == "volume" else ""
        return f"{variable}.{match['place']} {match['rest']}.{cure}"
    if match := _PLACE.search(said):
        return f"{variable}.{match['place']}{match['key']}: Compose refuses it: {match['rest'].strip()}"
    return None
