# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of the module release, or of the command on the host: what it is asked as app and transaction, its lock, and
the words of what fails before anything is begun."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from .._app.failure import Failure, render
from .._app.lock import LeaseError, LeaseFile, held
from .._app.outcome import Outcome
from .._app.program import CommandError
from .._app.release import ReleaseError
from .._app.service_rules import with_replicas
from . import store
from .colours import ColouredApp
from .deploy import titled
from .failure_report import reason_of
from .surroundings import require_own_directory, site_name, take_ports
from .transaction import Options, Transaction, use_release
from .undo import recover

HEARTBEAT = 5.0
OPENINGS = {
    "remove": "Nothing was removed",
    "build": "Nothing was built",
    "restart": "Nothing was restarted",
    "stop": "Nothing was stopped",
    "start": "Nothing was started",
}


class Run:
    """One call of the module."""

    def __init__(self, params: Mapping[str, Any], check_mode: bool):
        self.params = params
        self.check_mode = check_mode
        self.lease = LeaseFile(Path(params["directory"]) / "lease.json", time.time)

    @property
    def hidden(self) -> list[str]:
        """What no output shows."""
        p = self.params
        passwords = [p.get(f"{name}_password") or "" for name in ("database", "redis", "registry")]
        return [*(p.get("hidden") or []), *map(str, p["secret_env"].values()), *passwords]

    def outcome(self, verb: str) -> Outcome:
        """Return what notes how the verb ends."""
        p, told = self.params, {"hidden": self.hidden, "writes": not self.check_mode}
        return Outcome(p.get("who") or {}, p["project"], verb, p.get("service") or "", live=self._live_id, **told)

    def _live_id(self) -> str:
        directory = Path(self.params["directory"])
        live = store.live(directory, store.read_all(directory))
        return live.id if live else ""

    def transaction(self) -> Transaction:
        """The host as it is now, with the app's ports."""
        t = self._bare(self.params["services"])
        take_ports(t, self.params["first_port"])
        if not t.options.edge_host:
            t.options = replace(t.options, edge_host=site_name(t.options.edge_directory))
        return t

    def _bare(self, services: Mapping[str, Any]) -> Transaction:
        p = self.params
        app = ColouredApp(
            project=p["project"],
            directory=Path(p["directory"]),
            services={name: with_replicas(service or {}) for name, service in services.items()},
            data_services=p["data_services"],
            volumes=p["volumes"],
            env=p["env"],
            secrets=p["secret_env"],
            build_ca_bundle=p["build_ca_bundle"],
        )
        given = {field.name: p[field.name] for field in fields(Options) if field.name in p}
        return Transaction(app, Options(**given, is_declared=bool(p["services"])))

    def live(self) -> Transaction:
        """The host as it is, for what needs to know the live release alone. Raises ReleaseError where none is live."""
        t = self._bare({})
        if not t.live:
            raise ReleaseError(f"No release of {t.app.project} is live on this host. Run playbooks/deploy.yml first.")
        use_release(t, t.live)
        return t

    def own(self) -> Transaction:
        """The same, where the directory is this app's."""
        t = self.transaction()
        require_own_directory(t)
        return t

    def recovered(self) -> tuple[Transaction, str]:
        """Ends what a killed run left; returns the host after that, and what was done."""
        told = recover(self.own())
        t = self.transaction()
        t.journal = {}  # the file stays where not all could be undone, so that the next run tries again
        return t, told

    @contextmanager
    def told(self, step: str, opening: str = "") -> Iterator[None]:
        """What fails in the block, before anything is begun, is told with who serves and what to do."""
        try:
            yield
        except (CommandError, LeaseError, OSError, ValueError) as error:
            service = getattr(error, "service", "")
            known = {"step": titled(step), "serving": self._bare({}).serving, "service": service, "opening": opening}
            raise ReleaseError(render(Failure(reason_of(error), **known)), service) from error

    @contextmanager
    def locked(self, purpose: str) -> Iterator[Callable[[], Any]]:
        """The lock while the block runs. Calling what the block gets raises LeaseError when it is ours no more."""
        asked = self.params["lock"]
        ttl, wait = int(asked.get("ttl", 60)), int(asked.get("wait", 0))
        with ExitStack() as stack:
            with self.told("lock", OPENINGS.get(purpose, "")):
                lock = held(self.lease, asked.get("owner", ""), purpose, ttl, wait, HEARTBEAT)
                still_ours = stack.enter_context(lock)
            yield still_ours
