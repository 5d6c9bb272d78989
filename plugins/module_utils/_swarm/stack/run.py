# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One call of the module swarm_stack: what it is asked as app, stack and deployment, and the words of a failure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any

from ..._app import release as manifests
from ..._app.app import App, build_problems, fingerprint, variable_problems
from ..._app.failure import Failure, render
from ..._app.images import Image
from ..._app.outcome import Outcome
from ..._app.release import Manifest
from ..engine import Engine, EngineError
from ..labels import SERVICE
from .api import Swarm
from .deploy import Deployment
from .lock import hold
from .model import Bundle, Options, Policy, Stack, StackError
from .store import Store, live_release

# In a config: the range of the app's network, which nobody knows before Swarm has chosen it.
NETWORK = "@network@"
PREFIX = "swarm_stack_"


class Run:
    """What is asked of the module, and the Swarm that it is asked of."""

    def __init__(self, params: Mapping[str, Any], check_mode: bool, engine: Engine | None = None):
        self.params = params
        self.check_mode = check_mode
        self.project = params["project"]
        self.swarm = Swarm(engine or Engine(), self.project)
        self.store = Store(self.swarm)
        self.events: list[str] = []

    @cached_property
    def app(self) -> App:
        p = self.params
        return App(self.project, Path("/"), p["services"], p["data_services"], env=p["env"], secrets=p["secret_env"])

    @property
    def fingerprint(self) -> str:
        p = self.params
        seen = [p["edge"], p["secret_files"], p["config_files"], p["policy"], p["release_command"]]
        return fingerprint(self.app, seen)

    def release_id(self, releases: Mapping[str, Manifest]) -> str:
        return manifests.choose_id(
            self.params["source"] or self.project, self.fingerprint, releases.values(), self.params["rebuild"]
        )

    def is_new(self, release: str, live: Manifest | None) -> bool:
        return live is None or live.id != release or live.fingerprint != self.fingerprint

    def stack(self, release: str, images: Mapping[str, Image]) -> Stack:
        p = self.params
        policy = {key: value for key, value in p["policy"].items() if value is not None}
        files = {**p["config_files"], **(p["pages"].get("configs") or {})}
        if "data_constraints" in policy:
            policy["data_constraints"] = tuple(policy["data_constraints"])
        return Stack(
            project=self.project,
            release=release,
            services=p["services"],
            data_services=p["data_services"],
            edge=p["edge"],
            pages=p["pages"].get("services") or {},
            volumes=p["volumes"],
            variables={**p["env"], "RELEASE": release},
            secrets={key: str(value) for key, value in p["secret_env"].items()},
            secret_files={**p["secret_files"], **p["pages_secrets"]},
            config_files=placed(files, self.swarm.network_range()),
            images=images,
            policy=Policy(**policy, monitor=p["monitor"]),
            start_interval=self.swarm.keeps_start_interval,
        )

    def check_variables(self) -> None:
        """Raise ValueError with everything that is wrong with the variables of the services."""
        if found := variable_problems(self.app, {}, PREFIX) + build_problems(self.app, {}, PREFIX):
            raise ValueError("\n".join(found))

    def deployment(self, desired: Mapping[str, dict], contents: Bundle | None = None, **options: Any) -> Deployment:
        p = self.params
        known = {field.name for field in fields(Options)}
        given = {key: value for key, value in p["options"].items() if key in known and value is not None}
        given |= {key: p[key] for key in ("wait_timeout", "monitor", "pending_grace")}
        ports = {name: int(service["port"]) for name, service in p["services"].items() if service.get("port")}
        made = {"desired": desired, "contents": contents or Bundle()}
        return Deployment(self.swarm, Options(**{**given, **options}), events=self.events, ports=ports, **made)

    @property
    def checks(self) -> dict[str, list]:
        return {name: service.get("checks") or [] for name, service in self.params["services"].items()}

    @property
    def hidden(self) -> list[str]:
        """What no output shows."""
        p = self.params
        return [*(p.get("hidden") or []), *(str(v) for key in ("secret_env", "secret_files") for v in p[key].values())]

    def outcome(self, verb: str) -> Outcome:
        """Return what notes how the verb ends."""
        p, told = self.params, {"hidden": self.hidden, "writes": not self.check_mode}
        number = "" if p.get("replicas") is None else f"to {p['replicas']}"
        program = " ".join((p.get("command") or [])[:1])  # its arguments may be anything
        what = " ".join(filter(None, (p.get("service") or "", number, program)))
        return Outcome(p.get("who") or {}, self.project, verb, what, live=self._live_id, **told)

    def _live_id(self) -> str:
        live = live_release(self.store.releases())
        return live.id if live else ""

    def before(self) -> dict[str, dict]:
        """Return the services as they are, or as they were before a killed run, which is undone first."""
        journal = self.store.journal
        return journal["snapshot"] if journal else self.swarm.specs()

    def locked(self, purpose: str) -> AbstractContextManager:
        p = self.params
        return hold(self.swarm, p["owner"], purpose, p["lock_ttl"], p["lock_wait"])

    def named(self, specs: Mapping[str, dict]) -> tuple[str, dict]:
        """Return full name and spec of the service that is asked for. Raises StackError when there is none."""
        service = self.params["service"]
        name = f"{self.project}_{service}"
        if name not in specs:
            known = sorted(spec["Labels"][SERVICE] for spec in specs.values())
            raise StackError(f"There is no service {service}. There are: {', '.join(known) or 'none'}.")
        return name, specs[name]


class Told(StackError):
    """A failure in the words of the renderer. `reason` is its cause alone, for the list of releases."""

    def __init__(self, text: str, reason: str, service: str, logs: str):
        super().__init__(text, service, logs)
        self.reason = reason


@contextmanager
def told(release: str, live: Manifest | None, opening: str = "") -> Iterator[None]:
    """Raise what fails in the block as Told: with all that is known, what serves now, and what to do."""
    try:
        yield
    except (StackError, EngineError, ValueError) as error:
        raise Told(
            failure_text(error, release, live, opening),
            str(error),
            getattr(error, "service", ""),
            getattr(error, "logs", ""),
        ) from error


def failure_text(error: Exception, release: str, live: Manifest | None, opening: str = "") -> str:
    """Tell a failure after which every service is what it was."""
    return render(
        Failure(
            str(error),
            release,
            serving=live.id if live else "",
            kept="Every service is what it was",
            trouble=getattr(error, "failures", ()),
            opening=opening,
            **{name: getattr(error, name, default) for name, default in (("service", ""), ("logs", ""), ("facts", ()))},
        )
    )


def placed(files: Mapping[str, str], network: str) -> dict[str, str]:
    """Fill the range of the app's network into configs that ask for it; before there is one they ask on."""
    return {name: text.replace(NETWORK, network) if network else text for name, text in files.items()}
