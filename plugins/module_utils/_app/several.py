# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several apps of one environment: which its inventory declares, which a run is for, and what is wrong with their
files. Pure: files are texts, by name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .inventory_check import DECLARED, owner, readable
from .usage import listed
from .wiring import EDGE

FILE = re.compile(r"host_vars/([^/]+)/app\.ya?ml")
NAME = re.compile(r"[a-z][a-z0-9]*([_-][a-z0-9]+)*")
LONGEST = 40  # characters: Docker's names of containers and volumes are longer by a service's
# Hosts and groups of every inventory: Ansible would not know which of the two is meant.
TAKEN = {
    *("all", "ungrouped", "localhost", "droplets", "web", "managers", "workers", "vantage", "data_host"),
    *("app_hosts", "app_machines", "os_update_queue", "acting_manager"),
}
# Compose projects of an app are called APP, APP-blue, APP-green and APP-jobs.
ENDINGS = ("-blue", "-green", "-jobs")
# What is one app's, and would be every app's in group_vars.
OF_ONE = {"app_file", "app_project", "app_services", "app_site", "app_source"}
# What counts for the machine, and would count for nothing in the file of an app.
OF_ALL = re.compile(r"(provision|base|docker|nginx|notify|pages|operator|swarm|ci_door)_\w+")
OF_THE_EDGE = {f"app_edge_{name}" for name in EDGE if name != "passwords"}
OF_NO_APP = {"app_is_chosen", "app_names", "app_orchestrator", "app_project", "stands_for_app"}


def declared(files: Mapping[str, str]) -> list[str]:
    """Return the names of the apps that have a folder of their own, in their order. A droplet's folder is no app's."""
    named = owner(files)
    droplets = "-".join(named) + "-" if all(named) else "/"
    names = {match[1] for file in files if (match := FILE.fullmatch(file))}
    return sorted(name for name in names if not name.startswith(droplets))


def chosen(names: list[str], extra: Mapping[str, Any]) -> list[str]:
    """Return the apps that a run is for, by the variables of its command line. Whoever names the project of an app
    that is declared no more gets one host to work on."""
    if extra.get("app"):
        return [name for name in names if name == str(extra["app"])]
    return names[:1] if extra.get("app_project") else names


def is_chosen(extra: Mapping[str, Any]) -> bool:
    return bool(extra.get("app") or extra.get("app_project"))


def files_for(name: str, names: Iterable[str], files: Mapping[str, str]) -> dict[str, str]:
    """Return the files that count for one app: its own, and those of all."""
    return files_of_all([other for other in names if other != name], files)


def files_of_all(names: Iterable[str], files: Mapping[str, str]) -> dict[str, str]:
    """Return the files that are no app's own."""
    folders = tuple(f"host_vars/{name}/" for name in names)
    return {file: text for file, text in files.items() if not folders or not file.startswith(folders)}


def problems(files: Mapping[str, str], known: Iterable[str]) -> list[str]:
    """Return one sentence for each fault of an inventory that declares apps in folders of their own. `known` are all
    variables that roles and wiring have: any other is the inventory's own, wherever it stands."""
    names = declared(files)
    if not names:
        return []
    found, machine = [*_names(names)], {name for name in known if OF_ALL.fullmatch(name)} | OF_THE_EDGE | OF_NO_APP
    for file, text in sorted(readable(files).items()):
        words = set(DECLARED.findall(text))
        if file.startswith("group_vars/"):
            found += _of_one(file, words & OF_ONE, names)
            found += _one_repository(file, text)
        elif file.startswith(tuple(f"host_vars/{name}/" for name in names)):
            found += _of_all(file, words & machine)
    return found


def _names(names: list[str]) -> Iterator[str]:
    variables: dict[str, str] = {}
    for name in names:
        place = f"host_vars/{name}"
        if not NAME.fullmatch(name) or len(name) > LONGEST:
            yield f"{place}: {name!r} is not a name of an app, of a-z, 0-9 and - or _ between them, at most {LONGEST}."
        elif name in TAKEN:
            yield f"{place}: {name} is a group or a host of every inventory. Call the app otherwise."
        elif name.endswith(ENDINGS):
            yield f"{place}: a name that ends in {name[name.rindex('-') :]} is one that releases give. Choose another."
        if (same := variables.setdefault(name.replace("-", "_"), name)) != name:
            yield f"{place}: {name} and {same} are one name in nginx's variables. Call one of them otherwise."


def _of_one(file: str, words: Iterable[str], names: list[str]) -> Iterator[str]:
    for word in sorted(words):
        yield (
            f"{file} declares {word} for every app, and {listed(names)} {'has' if len(names) == 1 else 'have'} a folder"
            f" in host_vars. Move it into host_vars/NAME/app.yml of the app that it belongs to."
        )


def _one_repository(file: str, text: str) -> Iterator[str]:
    """Each app has a password of its own, and a repository of restic's has one password."""
    if (line := re.search(r"^backup_repository\s*:(.*)$", text, re.MULTILINE)) and "app_project" not in line[1]:
        yield f"{file} gives all apps one backup_repository. End it in the app's name: /{{{{ app_project }}}}."


def _of_all(file: str, words: Iterable[str]) -> Iterator[str]:
    for word in sorted(words):
        if word == "app_project":
            yield f"{file} declares app_project: an app is called as its folder. Take it out, or rename the folder."
        else:
            yield f"{file} declares {word}, which counts for the machine, not for one app. Move it into group_vars/all."
