# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All files of a new environment's inventory, and what people are told beside them."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from pathlib import Path

from .adopted import Adopted
from .adopted_text import adopted_text
from .app_text import app_text
from .arguments import Wish, problems
from .environment_text import HOSTS, INVENTORY, environment_text
from .model import App, Notes
from .place import PlaceError, find_key, refuse_what_exists, shares_network, source_path, zone_of
from .readme_text import readme_text
from .tree import read_tree
from .understand import understand, unknown


@dataclass
class Inventory:
    """The texts by path below the folder, and the notes."""

    into: Path
    files: dict[str, str] = field(default_factory=dict)
    notes: Notes = field(default_factory=Notes)


def place(wish: Wish, current: Path) -> Path:
    """Return the new folder. Raise PlaceError when what was asked for cannot be, before anything is read."""
    if found := problems(wish):
        raise PlaceError(f"{' '.join(found)} Nothing was written.")
    into = Path(os.path.abspath(current / Path(_shown(wish)).expanduser()))
    refuse_what_exists(into, wish)
    return into


def _shown(wish: Wish) -> str:
    return wish.into or f"inventories/{wish.environment}"


def make(wish: Wish, current: Path, home: Path, adopted: Adopted | None = None) -> Inventory:
    """Return the inventory that is asked for. Only the app, the neighbours and a public key are read; `adopted` is what
    the account has already."""
    into, shown, key = place(wish, current), _shown(wish), find_key(home)
    if adopted:
        served = tuple(adopted.served)
        wish = replace(wish, region=adopted.region, runner=adopted.runner, domain=next(iter(served), ""), served=served)
        environment = adopted_text(wish, adopted)
    else:
        wish = replace(wish, zone=zone_of(into, wish.domain))
        environment = environment_text(wish, key)
    app = _app(wish, current, into)
    if adopted:
        _tell(app.notes, adopted)
    else:
        _note(app, wish, into, bool(key.text))
    files = {
        "digitalocean.yml": INVENTORY,
        "hosts.yaml": HOSTS,
        "group_vars/all/environment.yml": environment,
        "group_vars/all/app.yml": app_text(app, wish),
        "README.md": readme_text(app, wish, shown),
    }
    return Inventory(into, files, app.notes)


def _app(wish: Wish, current: Path, into: Path) -> App:
    if wish.is_repository:
        app = unknown({"repository": wish.app, "revision": "main"}, "the repository was not read")
        app.notes.todo.append("clone the repository and give the clone as `app`, and its files are looked at")
        app.notes.assumed.append("what is released is the branch main of the repository; better a commit")
        return app
    folder = Path(os.path.abspath(current / Path(wish.app).expanduser()))
    if not folder.is_dir():
        raise PlaceError(
            f"app: {folder} is not a folder. Give the folder of the app's source, or the address of its git repository."
            " Nothing was written."
        )
    source: dict[str, object] = {"path": source_path(folder, into)}
    ours = into.parent if into.parent.name == "inventories" else into
    if folder not in ours.parents:
        return understand(read_tree(folder), source, wish.project)
    # Else every edit of an inventory would be another release of the app that it lies in.
    source["exclude"] = [ours.relative_to(folder).as_posix()]
    return understand(read_tree(folder, ours), source, wish.project)


def _tell(notes: Notes, adopted: Adopted) -> None:
    """Put what is to be said of the account before what is to be said of the app."""
    if not adopted.allowed_ssh_ips:
        notes.todo.insert(0, "who may use SSH: set `provision_allowed_ssh_ips` in environment.yml")
    for name in ("found", "assumed", "todo"):
        getattr(notes, name)[:0] = getattr(adopted.notes, name)


def _note(app: App, wish: Wish, into: Path, has_key: bool) -> None:
    app.notes.todo.insert(0, "who may use SSH: set `provision_allowed_ssh_ips` in environment.yml")
    if not has_key:
        app.notes.todo.insert(1, "no public key in ~/.ssh: make one with ssh-keygen -t ed25519, before the first plan")
    if others := shares_network(into, wish):
        app.notes.assumed.append(
            f"{', '.join(others)} beside it has {wish.ip_range}, too: in the same account one of them needs another"
        )
    if wish.domain:
        app.notes.assumed.append(
            f"DigitalOcean is to hold {wish.zone or wish.domain} with the records of {', '.join(wish.names)}"
        )
