# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time

from ansible_collections.izzzi.infra.plugins.module_utils._certificate.carrier import SCRIPT, TLS, carrier
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.service import is_global, mark_of, volumes_of

SECRETS = {"shop": "shop_certificate_shop-1", "blog": "shop_certificate_blog-2"}


def made(**more) -> dict:
    given = {"image": "nginx:1", "constraints": ["node.role == worker"], "secrets": SECRETS, "challenge": "ANSWER"}
    return carrier("shop", **{**given, **more})


def test_it_is_on_every_node_that_has_the_edge():
    spec = made()
    assert is_global(spec)
    assert spec["Name"] == "shop_certificates"
    assert spec["TaskTemplate"]["Placement"] == {"Constraints": ["node.role == worker"]}
    assert spec["UpdateConfig"]["Parallelism"] == 0, "all nodes at once"
    assert "Ports" not in spec["EndpointSpec"]


def test_it_writes_the_volume_that_the_edge_reads():
    (mount,) = made()["TaskTemplate"]["ContainerSpec"]["Mounts"]
    assert (mount["Source"], mount["Target"], mount["ReadOnly"]) == ("shop_edge.files", "/etc/nginx/izzzi", False)
    assert volumes_of(made()) == set(), "nothing of it is data that a node would have to keep"


def test_it_mounts_secrets_and_its_definition_holds_none():
    container = made()["TaskTemplate"]["ContainerSpec"]
    files = {item["File"]["Name"]: item["SecretName"] for item in container["Secrets"]}
    assert files == {f"/run/secrets/{site}.pem": name for site, name in SECRETS.items()}
    assert {item["File"]["Mode"] for item in container["Secrets"]} == {0o400}
    assert "PRIVATE KEY" not in json.dumps(made())


def test_its_tasks_are_told_apart_by_what_they_carry():
    assert mark_of(made()) == mark_of(made())
    others = [made(secrets={"shop": "x"}), made(challenge="ANOTHER"), made(image="nginx:2"), made(constraints=[])]
    assert len({mark_of(spec) for spec in [made(), *others]}) == 5


def test_its_program_leaves_whole_files_and_ends_when_it_is_told_to(tmp_path):
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/shop.pem").write_text("KEY")
    text = SCRIPT.replace(TLS, str(tmp_path / "tls")).replace("/run/secrets", str(tmp_path / "secrets"))
    given = {"env": {"PATH": "/usr/bin:/bin", "CHALLENGE": "ANSWER"}, "start_new_session": True}
    process = subprocess.Popen(["sh", "-c", text], **given)
    deadline = time.monotonic() + 10
    while not (tmp_path / "tls/challenge.conf").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    with contextlib.suppress(ProcessLookupError):  # its `sleep`, which may not have begun; in a container it ends, too
        os.killpg(process.pid, signal.SIGKILL)
    found = {path.name: path.read_text() for path in (tmp_path / "tls").iterdir()}
    assert found == {"shop.pem": "KEY", "challenge.conf": "ANSWER"}
    assert (tmp_path / "tls/shop.pem").stat().st_mode & 0o777 == 0o600
