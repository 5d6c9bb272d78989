# SPDX-License-Identifier: GPL-3.0-or-later
"""inventories/wiring.yml: what base installs ahead is what the roles docker and nginx ask for."""

from __future__ import annotations

import ast
import re
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
WIRING = ROOT / "inventories/wiring.yml"


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def listed(expression: str) -> list[str]:
    """The first list that is written out in a template."""
    return ast.literal_eval(re.search(r"\[[^]]*\]", expression).group())


def test_every_release_that_docker_knows_has_its_packages():
    known = read(ROOT / "roles/docker/vars/main.yml")["__docker_distribution_packages"]
    wanted = {release: [*chain.from_iterable(groups.values())] for release, groups in known.items()}
    assert {release: listed(value) for release, value in read(WIRING)["later_packages"].items()} == wanted


def test_web_hosts_get_those_of_nginx():
    nginx = listed(read(ROOT / "roles/nginx/vars/main.yml")["__nginx_packages"])
    assert [name for name in nginx if name != "python3"] == listed(
        read(WIRING)["later_web_packages"]
    )  # Ansible needs it
