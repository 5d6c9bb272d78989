# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The last step of a release: the host remembers it, and what no longer counts is removed."""

from __future__ import annotations

import shutil
from typing import Any

from .._app import release as manifests
from .._app.program import run
from . import postgres, redis
from .closing import forget_stop
from .colours import COLOURS
from .images import remove_images
from .plan import undeclared
from .transaction import Transaction


def commit(t: Transaction) -> dict[str, Any]:
    """Makes it the release that the host remembers, and removes what no longer counts."""
    result = settle(t)
    tidy(t)
    return result


def settle(t: Transaction) -> dict[str, Any]:
    """Makes it the release that the host remembers, and closes the transaction."""
    t.update(state=manifests.GOOD, colour=t.colour, first_port=t.app.first_port, live_at=t.clock(), reason="")
    link = t.app.directory / ".current.new"
    link.unlink(missing_ok=True)
    link.symlink_to(f"releases/{t.release}")
    link.replace(t.app.directory / "current")
    t.live = t.manifest
    t.forget_data_before()
    forget_stop(t)
    seconds = round(t.clock() - t.journal["started"], 1)
    t.forget()
    return {"seconds": seconds}


def tidy(t: Transaction) -> None:
    """Removes old releases, old passwords and their logins, and data services that are declared no more."""
    if t.database:
        postgres.keep_only_login(t.data, t.database, t.options.database_password)
    if t.options.redis:
        passwords = [t.owner_password("redis"), t.options.redis_password]
        redis.keep_only_passwords(t.data, t.options.redis["service"], passwords)
    drop_undeclared(t)
    releases, forgotten = manifests.to_prune(t.releases, t.live.id, t.options.keep_releases)
    for id in [*releases, *forgotten, *unknown_releases(t)]:
        remove_images(t, id)
        shutil.rmtree(t.app.release_directory(id), ignore_errors=True)


def drop_undeclared(t: Transaction) -> None:
    """Removes data services that are declared no more, and their own network with the last of them. Volumes stay."""
    if leftover := [id for ids in undeclared(t).values() for id in ids]:
        run(["docker", "container", "stop", *leftover], timeout=300)
        run(["docker", "container", "rm", "--force", *leftover])
    if not t.app.data_services:
        for name in ("compose.yml", ".env"):
            (t.data.directory / name).unlink(missing_ok=True)
        t.data.remove_networks(keep=[t.app.colour_project(colour) for colour in COLOURS])


def unknown_releases(t: Transaction) -> list[str]:
    """Directories of releases whose manifest is damaged or gone."""
    return [path.name for path in (t.app.directory / "releases").iterdir() if path.name not in t.releases]
