# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import subprocess
import sys

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._edge.password_hash import HASH
from ansible_collections.izzzi.infra.plugins.module_utils._pages.host import files, in_swarm, problems, secrets

PASSWORD = "a password that is long"
GIVEN = {
    "app": "shop",
    "runner": "compose",
    "password": PASSWORD,
    "sources": ["203.0.113.7/32"],
    "port": 8080,
    "mail_port": 8025,
    "mail": "127.0.0.1:1080",
    "directory": "/opt/shop",
    "certificates": [],
}


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, ""),
        ({"password": "short"}, "pages_password has fewer than 16 characters"),
        ({"sources": []}, "pages_sources is empty"),
        ({"sources": ["203.0.113.7/24"]}, "'203.0.113.7/24' is not an address or a network"),
        ({"sources": ["x; }"]}, "is not an address"),
        ({"mail_port": 8080}, "pages_port and pages_mail_port are both 8080."),
        ({"mail_port": 8080, "mail": ""}, ""),
        ({"port": 0}, "0 is not a port"),
        ({"runner": "swarm", "password": "", "sources": []}, ""),
    ],
)
def test_what_is_wrong_is_one_sentence(more, told):
    found = problems({**GIVEN, **more})
    assert len(found) == bool(told)
    assert told in "".join(found)


def test_a_server_gets_writer_page_and_nginx_and_no_password_in_the_open():
    written = {file["path"]: file["content"] for file in files(GIVEN)}
    assert "/usr/local/lib/izzzi/infra/_pages/main.py" in written
    assert "/usr/local/lib/izzzi/infra/_pages/compose.py" in written
    assert {"/etc/izzzi/pages/web/index.html", "/etc/izzzi/pages/nginx.conf"} <= written.keys()
    assert json.loads(written["/etc/izzzi/pages/settings.json"])["mail_port"] == 8025
    assert PASSWORD not in json.dumps(written)
    (login,) = secrets(GIVEN)
    name, _, hashed = login["content"].strip().partition(":")
    assert name == "operator"
    assert HASH.match(hashed)
    assert secrets(GIVEN) == secrets(GIVEN), "a second run changes nothing"
    assert secrets({**GIVEN, "seed": "other"}) != secrets({**GIVEN, "seed": "one"})


def test_a_node_of_a_swarm_gets_the_writer_alone():
    given = {**GIVEN, "runner": "swarm", "mail": ""}
    paths = {file["path"] for file in files(given)}
    assert "/usr/local/lib/izzzi/infra/_pages/swarm.py" in paths
    assert not any("nginx.conf" in path or "/web/" in path for path in paths)
    assert secrets(given) == []


def test_a_swarm_gets_a_service_without_dockers_socket():
    found = in_swarm({**GIVEN, "image": "nginx:1.28", "mail": "mail:1080", "certificate": "edge_shop.pem"})
    service = found["services"]["operators"]
    assert service["ports"] == ["8080:8080", "8025:8025"]
    assert service["secrets"] == ["operators_users", "edge_shop.pem"]
    assert {item["source"] for item in service["configs"]} == set(found["configs"])
    assert "docker.sock" not in json.dumps(found)
    assert PASSWORD not in json.dumps(found)
    assert set(found["secrets"]) == {"operators_users"}
    without = in_swarm({**GIVEN, "image": "nginx:1.28", "mail": ""})
    assert without["services"]["operators"]["ports"] == ["8080:8080"]


@pytest.mark.parametrize("runner", ["compose", "swarm"])
def test_what_is_on_the_host_starts_there_alone(tmp_path, runner):
    """Without Ansible and without the rest of the collection; it stops where its settings are missing."""
    for file in files({**GIVEN, "runner": runner}):
        if file["path"].startswith("/usr/local/lib/izzzi/"):
            place = tmp_path / file["path"].removeprefix("/usr/local/lib/izzzi/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(file["content"])
    program = f"import infra._pages.{runner}, infra._pages.main as m, pathlib; m.places.read(pathlib.Path('/none'))"
    environment = {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-S", "-c", program], env=environment, capture_output=True, text=True)
    assert "SettingsError: /none/settings.json cannot be read. Run playbooks/deploy.yml." in done.stderr
