# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds images on one engine. A tag is a hash of the recipe and of what it is built from, so a changed recipe is a new
image and an unchanged one costs nothing."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path

import docker
from docker.errors import APIError, BuildError, ImageNotFound

RECIPES = Path(__file__).parent
BUILDING = threading.RLock()  # droplets that are made at once wait for one build of what they both need
LABEL = "izzzi.sandbox"

Log = Callable[[str], None]


class ImageError(RuntimeError):
    """An image cannot be made; the message says why and what to do."""


def recipe_hash(folder: Path, *ingredients: str) -> str:
    digest = hashlib.sha256("\0".join(ingredients).encode())
    for file in sorted(p for p in folder.rglob("*") if p.is_file()):
        digest.update(file.relative_to(folder).as_posix().encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]


class Kitchen:
    """Builds images on one engine and says how long each took."""

    def __init__(self, log: Log = print) -> None:
        self.client = docker.from_env(timeout=600)
        self.log = log

    def has(self, image: str) -> bool:
        try:
            self.client.images.get(image)
        except ImageNotFound:
            return False
        return True

    def make(self, image: str, maker: Callable[[], None]) -> str:
        """Runs the maker unless the image is there, and logs one line."""
        with BUILDING:
            if not self.has(image):
                start = time.monotonic()
                try:
                    maker()
                except (BuildError, APIError) as error:
                    raise ImageError(f"image {image} cannot be built: {last_lines(error)}") from error
                self.log(f"  image {image} ({time.monotonic() - start:.0f} s)")
        return image

    def build(
        self,
        name: str,
        recipe: str,
        *,
        context: Path | None = None,
        prepare: Callable[[], None] | None = None,
        **arguments: str,
    ) -> str:
        """Builds a recipe as izzzi-sandbox/NAME:HASH and :latest; `prepare` completes the context first."""
        tag = recipe_hash(RECIPES / recipe, *(f"{k}={v}" for k, v in sorted(arguments.items())))
        image = f"izzzi-sandbox/{name}:{tag}"

        def maker() -> None:
            if prepare:
                prepare()
            path = str(context or RECIPES / recipe)
            self.client.images.build(path=path, tag=image, buildargs=arguments, rm=True, forcerm=True)

        self.make(image, maker)
        self.client.images.get(image).tag(f"izzzi-sandbox/{name}", "latest")
        return image


def last_lines(error: Exception, count: int = 5) -> str:
    """What the build printed last, which is where its error is."""
    lines = [entry.get("stream", "").rstrip() for entry in getattr(error, "build_log", [])]
    return " | ".join([*[line for line in lines if line][-count:], str(error)])
