# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a new inventory stands: who else is there, and writing it at once or not at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from .._app.inventory_check import owner
from .arguments import Wish
from .environment_text import Key

KEYS = ("id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub")


class PlaceError(Exception):
    """Why nothing was written and what to do, fit for the user."""


def refuse_what_exists(into: Path, wish: Wish) -> None:
    """Raise PlaceError when the folder exists, or another inventory beside it is of the same environment."""
    if os.path.lexists(into):
        raise PlaceError(
            f"{into} exists, and nothing that exists is written over. Edit its files, or give another folder with"
            " -e into=FOLDER. Nothing was written."
        )
    for other in neighbours(into):
        if owner({other.name: other.read_text("utf-8", "replace")}) == (wish.project, wish.environment):
            raise PlaceError(
                f"{other.parents[2]} is the inventory of {wish.project}-{wish.environment} already: two would take the"
                " same droplets for theirs. Use that one, or another project or environment. Nothing was written."
            )


def shares_network(into: Path, wish: Wish) -> list[str]:
    """Return the inventories beside the new one that have its range of addresses."""
    texts = {other.parents[2].name: other.read_text("utf-8", "replace") for other in neighbours(into)}
    return [
        name for name, text in texts.items() if re.search(rf"^provision_vpc:.*{re.escape(wish.ip_range)}", text, re.M)
    ]


def zone_of(into: Path, domain: str) -> str:
    """Return the domain of an inventory beside the new one of which this one is a part, or an empty text."""
    texts = (other.read_text("utf-8", "replace") for other in neighbours(into))
    pattern = re.compile(r"^provision_domain:.*\n(?:[ \t]+.*\n)*?[ \t]+name:\s*([\w.-]+)", re.MULTILINE)
    found = (pattern.search(text) for text in texts)
    return next((match[1] for match in found if match and domain.endswith(f".{match[1]}")), "")


def neighbours(into: Path) -> list[Path]:
    """Return what says of the inventories beside the new one what they are."""
    return sorted(into.parent.glob("*/group_vars/all/environment.yml"))


def find_key(home: Path) -> Key:
    """Return the first public key of a person."""
    for name in KEYS:
        file = home / ".ssh" / name
        if file.is_file() and (text := file.read_text("utf-8", "replace").strip()) and "\n" not in text:
            return Key(f"~/.ssh/{name}", text)
    return Key()


def source_path(app: Path, into: Path) -> str:
    """Return how the inventory names the app's folder: from itself where both are near, so that a checkout may move."""
    path = os.path.relpath(app, into)
    is_near = path.split("/").count("..") <= 4 and len(os.path.commonpath([app, into])) > 1
    return "{{ inventory_dir }}/" + path if is_near else str(app)


def write_at_once(into: Path, files: Mapping[str, str]) -> None:
    """Write all files into a folder beside the new one, and give it its name. Whatever fails leaves nothing."""
    made = [folder for folder in (into.parent, *into.parent.parents) if not folder.exists()]
    beside = None
    try:
        into.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{into.name}.", dir=into.parent))
        for name, text in files.items():
            (beside / name).parent.mkdir(parents=True, exist_ok=True)
            (beside / name).write_text(text, encoding="utf-8")
        beside.chmod(0o755)
        beside.rename(into)
    except OSError as error:
        if beside:
            shutil.rmtree(beside, ignore_errors=True)
        for folder in made:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()
        raise PlaceError(f"{into} cannot be written: {error.strerror}. Nothing was written.") from error
