# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The images of a release: built or pulled under its own names, and removed with it."""

from __future__ import annotations

import contextlib
from typing import Any

from .._app.app import build_env_files
from .._app.build_log import BUILD_LOGS, BuildLog
from .._app.docker_words import RUNNING
from .._app.images import logged_in, pull
from .._app.program import CommandError, run
from .colours import COLOURS, ColouredApp
from .project import discard
from .transaction import Transaction

INSPECT_ID = ("docker", "image", "inspect", "--format", "{{.Id}}")


def build(t: Transaction) -> dict[str, Any]:
    """Provides the images as <project>/<service>:<release>: built here, or pulled."""
    for path, text in build_env_files(t.app, t.release).items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    if here := [name for name in t.app.built if name not in t.options.images]:
        log = BuildLog(t.app.directory / BUILD_LOGS, t.release, [str(value) for value in t.app.secrets.values()])
        command = ["build", *(["--pull"] if t.options.rebuild else []), *here]
        log.start().run(t.compose(t.colour).command(*command), t.options.build_timeout)
    elsewhere = {name: t.app.declared_image(s, t.release) for name, s in t.app.services.items() if "build" not in s} | {
        **t.options.images
    }
    with logged_in(t.options.registry, t.options.registry_username, t.options.registry_password) as docker:
        for reference in sorted({*elsewhere.values()}):
            names = [name for name in elsewhere if elsewhere[name] == reference]
            pull_and_tag(t.app, t.release, docker, reference, names, t.options.build_timeout)
    images = {name: run([*INSPECT_ID, t.app.image(name, t.release)]).strip() for name in t.app.services}
    t.update(images=images)
    return {"images": images}


def pull_and_tag(
    app: ColouredApp, release: str, docker: list[str], reference: str, services: list[str], timeout: float
) -> None:
    """Gives an image the release's own names alone, so that it goes with the release; one that was there stays."""
    pulled = not is_image(reference)
    if pulled:
        pull(reference, services, docker, timeout)
    for service in services:
        run(["docker", "image", "tag", reference, app.image(service, release)])
    if pulled:
        run(["docker", "image", "rm", reference])


def is_image(reference: str) -> bool:
    """Return whether the host has the image."""
    try:
        run([*INSPECT_ID, reference])
    except CommandError:
        return False
    return True


def remove_images(t: Transaction, release: str) -> None:
    """Removes the release's names of images, and the stopped containers that were made from them by these names: those
    of a release that shares the image stay. Docker keeps the layers that others use."""
    listed = ["docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"]
    names = run([*listed, "--filter", f"reference={t.app.project}/*:{release}"]).split()
    found = [c for colour in COLOURS for c in t.compose(colour).containers()] if names else []
    with contextlib.suppress(CommandError):  # one of them may be gone by now
        discard([c for c in found if c.image_name in names and c.status not in RUNNING])
    for name in names:
        with contextlib.suppress(CommandError):
            run(["docker", "image", "rm", name])
