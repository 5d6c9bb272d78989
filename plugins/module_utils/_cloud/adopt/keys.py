# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which SSH keys of an account may log in to an environment: no droplet tells whose keys it was given. Pure."""

from __future__ import annotations

import re

from ..account import Row
from ..kinds.ssh_key import fingerprint
from .adoption import Adoption
from .ours import Ours

_OF_ANOTHER = re.compile(r"(^|-)(production|staging|dev)(-|$)")


def declare(ours: Ours, own_key: str, adoption: Adoption) -> None:
    """Declare the keys that are named after the project, and that of whoever asks. `own_key` is the latter's text."""
    rows = ours.account["ssh_keys"]
    mark = _mark(own_key)
    chosen = [row for row in rows if _is_of(row["name"], ours) or row["fingerprint"] == mark]
    if not chosen and rows:
        chosen = rows
        if len(rows) > 1:
            adoption.todo.append(
                f"no key of the account is named after {ours.names.project} or is yours, so that all may log in as the "
                f"user deploy: {', '.join(row['name'] for row in rows)}. Take out of provision_ssh_keys who should not"
            )
    if not rows:
        adoption.todo.append("the account has no SSH key: give yours in provision_ssh_keys; the first plan adds it")
    elif mark and all(row["fingerprint"] != mark for row in rows):
        adoption.todo.append(
            "your own key in ~/.ssh is not one of the account: when you log in with it, add it to provision_ssh_keys, "
            "or base takes it from the droplets"
        )
    adoption.declared["ssh_keys"] = [_declared(row) for row in chosen]
    adoption.other_keys = [_declared(row) for row in rows if row not in chosen]
    adoption.found += [f"SSH key {row['name']}" for row in chosen]
    if adoption.other_keys:
        adoption.assumed.append(
            f"{', '.join(key['name'] for key in adoption.other_keys)} of the account may not log in: these keys are "
            "not named after the project, and stand in environment.yml as comments"
        )


def _declared(row: Row) -> dict[str, str]:
    return {"name": " ".join(row["name"].split()), "public_key": " ".join(row["public_key"].split())}


def _mark(public_key: str) -> str:
    try:
        return fingerprint(public_key)
    except ValueError:
        return ""


def _is_of(name: str, ours: Ours) -> bool:
    """Whether a key is named after the project, and not after another environment of it."""
    rest = name.lower().removeprefix(ours.names.project)
    if rest == name.lower() or (rest and rest[0].isalnum()):
        return False
    found = _OF_ANOTHER.search(rest)
    return not found or found[2] == ours.names.environment
