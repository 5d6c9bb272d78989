# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The data services' part of a transaction: brought up where they differ, and back to what they were by an undo."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from .._app.atomic import read_json
from .._app.program import run
from .._app.release import ReleaseError
from .colours import colour_volumes, data_document, render, volume_command
from .data_change import losses, remembered, rivals
from .data_images import require_named
from .files import changed_files, data_files, write_files
from .health import culprit_named, gate, require_up
from .plan import data_drift
from .postgres import ensure_login
from .project import ensure_networks
from .redis import ensure_password
from .transaction import Transaction

# Which services had containers before, beside the old files.
PRESENT = "present.json"
STEADY = 2.0  # seconds until a server that does not take its settings has ended


def data(t: Transaction) -> dict[str, Any]:
    """Brings the data services up where they differ; they are no part of a colour."""
    reasons = data_drift(t)
    if found := data_losses(t) if reasons else []:
        raise ReleaseError("\n".join(found))
    for part, declared in (("database", t.database), ("redis", t.options.redis)):
        if declared and not t.owner_password(part):
            write_files({t.owner_password_file(part): secrets.token_hex(24) + "\n"})
    if t.journal or reasons:  # otherwise all that runs has its network, and the idle colour needs none
        ensure_networks(t.app)
    for name, declared in colour_volumes(t.app).items():
        run(volume_command(t.app, name, declared))
    if reasons:
        require_named(t.app, t.options.build_timeout)
        keep_before(t)
        if ids := [c.id for c in rivals(t.app, t.data.containers()) if c.status == "running"]:
            run(["docker", "container", "stop", *ids], timeout=300)
        write_files({path: data_files(t)[path] for path in changed_files(data_files(t))})
        before = set(t.data.ids())
        _up(t, t.app.data_services)
        stay_up(t, before)
    made = _ensure_passwords(t)
    if not t.journal:
        t.forget_data_before()  # a run without a new release ends here
    return {"changed": bool(reasons) or made, "reasons": reasons}


def _up(t: Transaction, services: Collection[str]) -> None:
    """Brings these data services up, and waits until Docker calls them healthy."""
    wanted = dict.fromkeys(services, 1)
    with culprit_named(t.data, wanted):
        t.data.up("--pull", "missing", timeout=t.options.build_timeout)
    gate(t.data, wanted, t.options.wait_timeout, t.sleep)


def _ensure_passwords(t: Transaction) -> bool:
    """Makes the declared passwords open the database and Redis; whether one of them was new."""
    made = [ensure_login(t.data, t.database, t.options.database_password)] if t.database else []
    if t.options.redis:
        made.append(ensure_password(t.data, t.options.redis["service"], t.options.redis_password))
    return any(made)


def stay_up(t: Transaction, before: Collection[str]) -> None:
    """Watches new containers of services without a health check: one with a bad setting runs for a moment, too."""
    made = {c.id: c.restarts for c in t.data.containers() if c.id not in before}
    if any(c.id in made and not c.health for c in t.data.containers()):
        t.sleep(STEADY)
    if t.journal:
        t.note(data=made)  # looked at once more before visitors come
    require_up(t.data, made)


def data_losses(t: Transaction, moves: str = "") -> list[str]:
    """What would be lost, and how to consent; nothing with consent. The service that `moves` is not looked at."""
    if t.options.allow_data_change or not shutil.which("docker"):
        return []
    containers = t.data.containers()
    app = replace(t.app, data_services={name: s for name, s in t.app.data_services.items() if name != moves})
    known = [*containers, *remembered(t.app.project, _document(t), containers)]
    found = losses(app, [container for container in known if container.service != moves])
    cure = (
        "No undo brings that back. Dump the data, and move it to the new place yourself; or consent:"
        " -e app_compose_allow_data_change=true."
    )
    return [*found, cure] if found else []


def keep_before(t: Transaction) -> None:
    """Keeps the definition that runs until the release is live. The document comes last: with it, it counts."""
    if (t.data_before / "compose.yml").exists():
        return  # of a run that could not be undone: that one ran, and not what its candidate left
    if (document := _document(t)) is None:
        return
    env = t.data.directory / ".env"
    present = json.dumps(sorted({c.service for c in t.data.containers()}))
    text = env.read_text(encoding="utf-8", errors="replace") if env.exists() else ""
    parts = {PRESENT: present, ".env": text, "compose.yml": render(document)}
    write_files({t.data_before / name: part for name, part in parts.items()})


def _document(t: Transaction) -> dict[str, Any] | None:
    """What the data services were made from; None when nobody knows."""
    document = read_json(t.data.directory / "compose.yml")
    if isinstance(document, dict) and isinstance(document.get("services"), dict):
        return document
    if t.live and t.live.fingerprint:
        return data_document(replace(t.app, data_services=t.live.data_services, volumes=t.live.volumes))
    return None if t.data.ids() else {"services": {}}


def restore(t: Transaction) -> list[str]:
    """The definition from before, and what it needs of the engine; the services that run by it again."""
    document = read_json(t.data_before / "compose.yml")
    if not isinstance(document, dict):
        t.forget_data_before()  # half of it: nothing had been changed yet
        return []
    services = document.get("services") or {}
    present = {*services, *(read_json(t.data_before / PRESENT) or [])}
    if new := [c.id for c in t.data.containers() if c.service not in present]:
        run(["docker", "container", "rm", "--force", *new], timeout=300)
    if services:
        _bring_back(t, document)
    else:
        for name in ("compose.yml", ".env"):
            (t.data.directory / name).unlink(missing_ok=True)
    t.forget_data_before()
    return sorted(services)


def _bring_back(t: Transaction, document: dict[str, Any]) -> None:
    ensure_networks(t.app)
    # Networks as this version has them: those of an older one may have been another project's.
    document |= {"networks": data_document(t.app)["networks"]}
    env = (t.data_before / ".env").read_text(encoding="utf-8", errors="replace")
    write_files({t.data.directory / ".env": env, t.data.directory / "compose.yml": render(document)})
    _up(t, document["services"])
