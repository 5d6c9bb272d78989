# SPDX-License-Identifier: GPL-3.0-or-later
"""Bad input: one clear message that says what, where and what to do; nothing is changed; the exit status is not 0.

Runs after the app is up, so that "nothing is changed" is about a live system.
"""

from __future__ import annotations

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.e2e.driver import BIN, Run, cloud, droplet_address, http, ours, power, run_playbook, site

# Another environment of the same account: it does not exist, so that a run would have to create it.
NEW_ENVIRONMENT = ("-e", '{"provision_environment": "staging", "provision_vpc": {"ip_range": "10.77.0.0/16"}}')


def one_droplet(**values: str) -> tuple[str, str]:
    return ("-e", json.dumps({"provision_droplets": {"app": {"count": 1, **values}}}))


@pytest.fixture(autouse=True)
def nothing_changes():
    before = cloud_snapshot()
    yield
    assert cloud_snapshot() == before
    assert http(f"http://{droplet_address()}/api/health").status == 200


def cloud_snapshot() -> dict:
    return {
        "droplets": sorted(d["id"] for d in ours("droplets")),
        "firewalls": sorted((f["id"], str(f["inbound_rules"])) for f in ours("firewalls")),
        "vpcs": sorted(v["name"] for v in ours("vpcs")),
        "records": sorted(str(r) for r in cloud("/domains/izzzi.test/records?per_page=200")["domain_records"]),
        "keys": sorted(k["fingerprint"] for k in ours("account/keys")),
    }


# What is given, and the words that the message must have.
BAD_INPUT = {
    "token": (["-e", "provision_api_token=dop_v1_wrong"], ["token", "provision_api_token"]),
    "api-down": (["-e", "provision_api_url=http://127.0.0.1:9"], ["127.0.0.1:9", "sandbox-up"]),
    "region": ([*NEW_ENVIRONMENT, "-e", "provision_region=fra9"], ["fra9", "fra1"]),
    "size": (
        [*NEW_ENVIRONMENT, *one_droplet(size="s-2vcpu-5gb", image="debian-13-x64")],
        ["s-2vcpu-5gb", "s-2vcpu-4gb"],
    ),
    "image": (
        [*NEW_ENVIRONMENT, *one_droplet(size="s-2vcpu-4gb", image="debian-31-x64")],
        ["debian-31-x64", "debian-13-x64"],
    ),
    "cidr": (["-e", '{"provision_vpc": {"ip_range": "10.20.0.0/33"}}'], ["10.20.0.0/33", "ip_range"]),
    "environment": (["-e", "provision_environment=prod"], ["prod", "production", "staging", "dev"]),
    "type": (["-e", "provision_droplets=[app]"], ["provision_droplets", "dict"]),
}


@pytest.fixture(scope="module")
def refusals() -> dict[str, Run]:
    """None of them gets as far as to change anything, so they need not wait for each other."""
    before = cloud_snapshot()
    with ThreadPoolExecutor(4) as at_once:
        runs = at_once.map(lambda case: site(*case[0], timeout=180), BAD_INPUT.values())
        refused = dict(zip(BAD_INPUT, runs, strict=True))
    assert cloud_snapshot() == before
    return refused


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_refused_with_a_reason(refusals, case):
    run, words = refusals[case], BAD_INPUT[case][1]
    assert run.status != 0
    assert [word for word in words if word not in run.output] == [], run.output
    assert "Traceback" not in run.output
    assert "dop_v1_" not in run.output.replace("dop_v1_wrong", ""), "a token was printed"


@pytest.fixture
def droplet_is_off():
    (droplet,) = cloud("/droplets?name=izzzi-dev-app")["droplets"]
    power(droplet["id"], "power_off")
    yield droplet
    wait_until_healthy()


def wait_until_healthy() -> None:
    """The app comes back by itself after a reboot."""
    for _ in range(60):
        try:
            if http(f"http://{droplet_address()}/api/health").status == 200:
                return
        except OSError:
            pass  # the machine is still booting; the loop is bounded
        time.sleep(1)
    pytest.fail("the app does not come back after a power cycle")


def test_a_droplet_that_is_off_is_drift_that_a_plan_names_and_a_run_mends(droplet_is_off):
    planned = run_playbook("playbooks/plan.yml", timeout=120)
    assert planned.status == 0, planned.output
    assert droplet_is_off["name"] in planned.output
    assert cloud(f"/droplets/{droplet_is_off['id']}")["droplet"]["status"] == "off", "a plan changes nothing"

    run = run_playbook("playbooks/provision.yml", timeout=300)
    assert run.status == 0, run.output
    assert cloud(f"/droplets/{droplet_is_off['id']}")["droplet"]["status"] == "active"


def test_the_sandbox_says_which_port_is_taken(tmp_path):
    """A second sandbox on the ports of the first one must not start and must not harm the first."""
    ran = subprocess.run(
        [BIN / "izzzi-sandbox", "up"],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "IZZZI_SANDBOX_BACKEND": "memory"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode != 0
    assert "8780" in ran.stderr + ran.stdout
