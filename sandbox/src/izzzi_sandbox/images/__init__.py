"""Every image that the sandbox needs: built or pulled once, safe to interrupt at any time.

A recipe is a folder beside this file.
"""

from __future__ import annotations

from ..settings import Settings
from . import public, registry, root
from .kitchen import ImageError, Kitchen, Log

__all__ = ["ImageError", "Kitchen", "droplet_image", "ensure_images", "port_image"]

SUITES = {"debian-13-x64": "trixie", "debian-12-x64": "bookworm"}


def droplet_image(kitchen: Kitchen, slug: str) -> str:
    suite = SUITES[slug]
    return kitchen.build(slug, "droplet", ROOT=root.ensure(kitchen, suite), SUITE=suite)


def port_image(kitchen: Kitchen) -> str:
    return kitchen.build("port", "port", ROOT=root.ensure(kitchen, "trixie"))


def ensure_images(settings: Settings, log: Log = print, *, every: bool = False) -> None:
    """All that a first droplet needs; with `every` also the images that are otherwise built when first used."""
    kitchen = Kitchen(log)
    for slug in SUITES if every else ["debian-13-x64"]:
        droplet_image(kitchen, slug)
    port_image(kitchen)
    address = registry.ensure(kitchen)
    if not root.registry_answers(kitchen):
        public.ensure(kitchen, address)
