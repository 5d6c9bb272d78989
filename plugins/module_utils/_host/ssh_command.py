# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the command that logs in to a host over SSH, from what Ansible knows of the way to it. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def ssh_command(login: Mapping[str, Any], command: str) -> list[str]:
    """Return the words of one login that runs a command. `login` has `address` and `user`; `program`, `port`, `key` (a
    file), `options` of ssh_config by name and `arguments`, texts as a shell reads them, may be missing or empty."""
    words = [login.get("program") or "ssh"]
    words += [f"-o{name}={value}" for name, value in (login.get("options") or {}).items() if value not in ("", None)]
    words += ["-p", str(login["port"])] if login.get("port") else []
    words += ["-l", login["user"]]
    words += ["-i", str(Path(login["key"]).expanduser())] if login.get("key") else []
    words += [word for text in login.get("arguments") or [] for word in shlex.split(text or "")]
    return [*words, login["address"], command]
