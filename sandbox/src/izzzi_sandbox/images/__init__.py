# SPDX-License-Identifier: GPL-3.0-or-later
"""Every image that the sandbox needs: built or pulled once, safe to interrupt at any time.

A recipe is a folder beside this file.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..daemon.settings import Settings
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

RELEASES = {"debian-13-x64": root.TRIXIE, "debian-12-x64": root.BOOKWORM, "ubuntu-24-04-x64": root.NOBLE}
DEFAULT = "debian-13-x64"


def droplet_image(kitchen: Kitchen, slug: str) -> str:
    release = RELEASES[slug]
    base = root.ensure(kitchen, release)
    return kitchen.build(
        slug,
        "droplet",
        ROOT=base,
        DISTRIBUTION=release.distribution,
        SUITE=release.suite,
        MORE_PACKAGES=release.machine_packages,
    )


def port_image(kitchen: Kitchen) -> str:
    return kitchen.build("port", "port", ROOT=root.ensure(kitchen, root.TRIXIE))


def metadata_image(kitchen: Kitchen) -> str:
    return kitchen.build("metadata", "metadata", PORT=port_image(kitchen))


def disk_image(kitchen: Kitchen) -> str:
    return kitchen.build("disk", "disk", ROOT=root.ensure(kitchen, root.TRIXIE))


def balancer_image(kitchen: Kitchen) -> str:
    return kitchen.build("balancer", "balancer", PORT=port_image(kitchen))


def ensure_images(settings: Settings, log: Log = print, slugs: Sequence[str] = ()) -> None:
    """All that a first droplet needs, images for droplets that are otherwise built when first used, and older public
    ones."""
    kitchen = Kitchen(log)
    for slug in dict.fromkeys([DEFAULT, *slugs]):
        if slug not in public.OLDER:
            droplet_image(kitchen, slug)
    metadata_image(kitchen)
    address = registry.ensure(kitchen)
    if not root.registry_answers(kitchen):
        public.ensure(kitchen, address)
        for name in sorted({*slugs} & {*public.OLDER}):
            public.ensure_older(kitchen, address, name)
