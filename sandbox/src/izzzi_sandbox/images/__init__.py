"""Every image that the sandbox needs: built or pulled once, safe to interrupt at any time.

A recipe is a folder beside this file.
"""

from __future__ import annotations

from ..settings import Settings
from . import public, registry, root
from .kitchen import ImageError, Kitchen, Log

__all__ = [
    "ImageError",
    "Kitchen",
    "balancer_image",
    "disk_image",
    "droplet_image",
    "ensure_images",
    "metadata_image",
    "port_image",
]

SUITES = {"debian-13-x64": "trixie", "debian-12-x64": "bookworm"}


def droplet_image(kitchen: Kitchen, slug: str) -> str:
    suite = SUITES[slug]
    return kitchen.build(slug, "droplet", ROOT=root.ensure(kitchen, suite), SUITE=suite)


def port_image(kitchen: Kitchen) -> str:
    return kitchen.build("port", "port", ROOT=root.ensure(kitchen, "trixie"))


def metadata_image(kitchen: Kitchen) -> str:
    return kitchen.build("metadata", "metadata", PORT=port_image(kitchen))


def disk_image(kitchen: Kitchen) -> str:
    return kitchen.build("disk", "disk", ROOT=root.ensure(kitchen, "trixie"))


def balancer_image(kitchen: Kitchen) -> str:
    return kitchen.build("balancer", "balancer", PORT=port_image(kitchen))


def ensure_images(settings: Settings, log: Log = print, *, every: bool = False) -> None:
    """All that a first droplet needs; with `every` also the images that are otherwise built when first used."""
    kitchen = Kitchen(log)
    for slug in SUITES if every else ["debian-13-x64"]:
        droplet_image(kitchen, slug)
    metadata_image(kitchen)
    address = registry.ensure(kitchen)
    if not root.registry_answers(kitchen):
        public.ensure(kitchen, address)
