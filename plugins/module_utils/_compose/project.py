# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run does with one Compose project and with nginx's files, through their programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from .._app.docker_words import COMPOSE_NETWORK, COMPOSE_ONE_OFF, COMPOSE_PROJECT, COMPOSE_SERVICE
from .._app.edge_files import EdgeFiles
from .._app.inspected import inspected
from .._app.program import CommandError, run
from .._app.release import ReleaseError
from .colours import COLOURS, ColouredApp
from .containers import Container, parse, superfluous


def discard(containers: Sequence[Container]) -> None:
    """Removes containers and their volumes without a name. Docker alone would leave those that Compose has handed from
    one container to the next."""
    if containers:
        run(["docker", "container", "rm", "--force", "--volumes", *(c.id for c in containers)])
    if nameless := sorted({name for c in containers for name in c.nameless}):
        with suppress(CommandError):  # another container may have one
            run(["docker", "volume", "rm", "--force", *nameless])


def ensure_networks(app: ColouredApp) -> None:
    """Makes both colours' networks. They have the labels that Compose gives, so that they are found like containers;
    what is there already is taken, whoever made it: something of the app may be in it."""
    there = run(["docker", "network", "ls", "--format", "{{.Name}}"]).split()
    for name in map(app.colour_project, COLOURS):
        labels = [f"{COMPOSE_PROJECT}={name}", f"{COMPOSE_NETWORK}=default"]
        if name not in there:
            run(["docker", "network", "create", *(f"--label={label}" for label in labels), name])


class Compose:
    """One Compose project, from the files in its directory."""

    def __init__(self, project: str, directory: Path):
        self.project = project
        self.directory = directory

    @property
    def _base(self) -> list[str]:
        base = ["docker", "compose", "--project-name", self.project, "--project-directory", str(self.directory)]
        return [*base, "--file", str(self.directory / "compose.yml"), "--env-file", str(self.directory / ".env")]

    def command(self, *arguments: str) -> list[str]:
        return [*self._base, "--progress", "plain", *arguments]

    def __call__(self, *arguments: str, timeout: float = 60) -> str:
        return run(self.command(*arguments), timeout=timeout)

    def ids(self, *filters: str) -> list[str]:
        """Return its containers' ids, of those that bear all the given labels."""
        labels = [f"--filter=label={label}" for label in (f"{COMPOSE_PROJECT}={self.project}", *filters)]
        return run(["docker", "container", "ls", "--all", "--quiet", "--no-trunc", *labels]).split()

    def container_of(self, service: str) -> str:
        """The id of its only container, or of its first."""
        ids = self.ids(f"{COMPOSE_SERVICE}={service}", f"{COMPOSE_ONE_OFF}=False")
        if not ids:
            raise ReleaseError(f"{service} has no container.", service)
        return ids[0]

    # From here on everything is asked of the engine: it works when the files are damaged or gone.
    def containers(self) -> list[Container]:
        return parse(inspected(self.ids()))

    def up(self, *options: str, timeout: float) -> None:
        """Brings services up in the background, with images that are there or pulled, never built."""
        self.unpause()
        self("up", "--detach", "--no-build", *options, timeout=timeout)

    def unpause(self) -> None:
        """Lets containers go on that somebody has paused: the engine starts none of them."""
        if paused := [c.id for c in self.containers() if c.status == "paused"]:
            run(["docker", "container", "unpause", *paused])

    def start(self, wanted: Mapping[str, int]) -> None:
        """Starts containers that are there, as many of each service as are wanted."""
        self.unpause()
        found = self.containers()
        for service, replicas in wanted.items():
            mine = [c for c in found if c.service == service]
            idle = [c.id for c in mine if c.status != "running"]
            missing = max(replicas - (len(mine) - len(idle)), 0)
            if idle[:missing]:
                run(["docker", "container", "start", *idle[:missing]], timeout=120)

    def trim(self, wanted: Mapping[str, int]) -> None:
        """Removes what runs beyond the wanted number. Compose would, too, and leave its volumes without a name."""
        if more := superfluous(self.containers(), wanted):
            self.unpause()
            run(["docker", "container", "stop", *(c.id for c in more)], timeout=300)
            discard(more)

    def remove(self) -> None:
        """Removes all containers of the project."""
        discard(self.containers())
        if one_off := self.ids():
            run(["docker", "container", "rm", "--force", "--volumes", *one_off])

    def remove_networks(self, keep: Sequence[str] = ()) -> None:
        """Removes the project's networks, but for those that somebody still uses."""
        label = f"label={COMPOSE_PROJECT}={self.project}"
        for network in run(["docker", "network", "ls", "--format", "{{.Name}}", "--filter", label]).split():
            if network not in keep:
                with suppress(CommandError):
                    run(["docker", "network", "rm", network])


class Edge(EdgeFiles):
    """The files in which an app tells the host's nginx where its traffic goes."""

    def check(self) -> None:
        """Let nginx test its configuration."""
        run(["nginx", "-q", "-t"])

    def reload(self) -> None:
        """Let nginx read it."""
        run(["systemctl", "reload", "nginx.service"])
