# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several passwords for one Redis user: how Redis' password changes without a failed request.

Redis takes any of a user's passwords, and connections outlive the one that opened them. So a release adds its own, and
the old one goes when the old release is drained. Commands carry hashes: no password reaches Redis' log.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from .._app.program import run
from .._app.release import ReleaseError
from .project import Compose

LIST = "ACL LIST\n"
_FAILED = re.compile(r"^(?:\(error\) )?(?:ERR|NOAUTH|WRONGPASS|NOPERM|Error|Could not)\b.*", re.MULTILINE)


def digest(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def known(listing: str) -> set[str]:
    """Hashes of the passwords of the user `default`, from the answer to ACL LIST."""
    lines = (line.split() for line in listing.splitlines())
    return {word[1:] for words in lines if "default" in words[:4] for word in words if word.startswith("#")}


def add(password: str) -> str:
    return f"ACL SETUSER default #{digest(password)}\nACL SAVE\n"


def keep_only(passwords: Iterable[str]) -> str:
    hashes = " ".join(f"#{digest(password)}" for password in passwords)
    return f"ACL SETUSER default resetpass {hashes}\nACL SAVE\n"


def failure(answer: str) -> str:
    """redis-cli ends with 0 whatever Redis says: its first complaint, or nothing."""
    found = _FAILED.search(answer)
    return found[0] if found else ""


def redis_cli(data: Compose, service: str, commands: str) -> str:
    """Runs commands of Redis. The owner's password is the container's REDISCLI_AUTH."""
    answer = run(["docker", "exec", "--interactive", data.container_of(service), "redis-cli"], stdin=commands)
    if complaint := failure(answer):
        raise ReleaseError(f"{service}: {complaint}", service)
    return answer


def ensure_password(data: Compose, service: str, password: str) -> bool:
    """Adds the password where it is missing, beside the others, which stay until their release is drained."""
    if digest(password) in known(redis_cli(data, service, LIST)):
        return False
    redis_cli(data, service, add(password))
    return True


def keep_only_passwords(data: Compose, service: str, passwords: Iterable[str]) -> None:
    """Removes all other passwords."""
    passwords = [*passwords]
    if known(redis_cli(data, service, LIST)) != {digest(password) for password in passwords}:
        redis_cli(data, service, keep_only(passwords))
