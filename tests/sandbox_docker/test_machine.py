# SPDX-License-Identifier: GPL-3.0-or-later
"""A droplet is a machine: it boots by cloud-init, obeys its power button, keeps its disk, and goes without a trace."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .cloud import FETCH, Droplet, api, docker, metadata, wait_until

GIB = 1024**3


@pytest.fixture(scope="module")
def droplet(create) -> Droplet:
    droplet = create()
    droplet.wait_for_boot()
    return droplet


def test_systemd_is_up_and_nothing_failed(droplet):
    assert droplet.run("systemctl is-system-running --wait") == "running"
    assert droplet.run("ps -o comm= -p 1") == "systemd"


def test_it_is_debian_13_and_has_its_name(droplet):
    assert "VERSION_CODENAME=trixie" in droplet.run("cat /etc/os-release")
    assert droplet.run("hostname") == "sandbox-test"


def test_it_has_the_addresses_that_the_api_shows(droplet):
    addresses = droplet.run("hostname --all-ip-addresses").split()
    assert {droplet.public, droplet.private} <= set(addresses)
    assert droplet.private.startswith("10.61.0.")


def test_cloud_init_ran_the_user_data(droplet):
    assert droplet.run("cat /etc/seen-by-cloud-init") == "user_data ran"
    assert droplet.run("id -un visitor") == "visitor"
    assert "done" in droplet.run("cloud-init status")


def test_the_metadata_are_its_own_and_of_this_moment(droplet):
    before = metadata(droplet)
    assert (before["droplet_id"], before["hostname"], before["tags"]) == (droplet.id, "sandbox-test", [])
    addresses = {kind: before["interfaces"][kind][0]["ipv4"]["ip_address"] for kind in ("public", "private")}
    assert addresses == {"public": droplet.public, "private": droplet.private}
    assert before["user_data"].startswith("#cloud-config")
    macs = droplet.run("cat /sys/class/net/*/address").split()
    assert {before["interfaces"][kind][0]["mac"] for kind in addresses} <= set(macs)
    assert droplet.run(f"{FETCH} http://169.254.169.254/metadata/v1/interfaces/public/0/ipv4/address") == droplet.public
    api("POST", "/tags", {"name": "sandbox-test-live"})
    resource = {"resource_id": str(droplet.id), "resource_type": "droplet"}
    api("POST", "/tags/sandbox-test-live/resources", {"resources": [resource]})
    wait_until(lambda: metadata(droplet)["tags"] == ["sandbox-test-live"], "the tag is seen from within", 10)


def test_it_has_the_small_tools_of_a_cloud_image(droplet):
    assert tools_of(droplet) == [droplet.id, droplet.id]


def tools_of(droplet: Droplet) -> list[int]:
    """The droplet's id, as both clients of HTTP read it from the metadata service."""
    droplet.run("for tool in curl file less lsof nano ping vi wget; do command -v $tool || exit 1; done")
    url = "http://169.254.169.254/metadata/v1/id"
    return [int(droplet.run(f"{command} {url}")) for command in ("curl -fsS -m 5", "wget -q -T 5 -O -")]


def test_the_size_limits_memory_and_cpu(droplet):
    host = droplet.inspect()["HostConfig"]
    assert (host["Memory"], host["CpuQuota"] / host["CpuPeriod"]) == (GIB, 1)


def test_packages_can_be_installed(droplet):
    droplet.run("apt-get update -qq && apt-get install -qq -y --no-install-recommends hello >/dev/null")
    assert droplet.run("hello") == "Hello, world!"


def test_power_off_and_on_keep_the_disk(droplet):
    droplet.run("echo kept > /root/kept; sync /root/kept")
    droplet.act("power_off")
    assert droplet.status() == "off"
    assert droplet.ssh("true", check=False).returncode != 0
    droplet.act("power_on")
    assert droplet.status() == "active"
    droplet.wait_for_ssh()
    assert droplet.run("cat /root/kept") == "kept"


def test_a_sandbox_that_was_down_powers_it_on_again(droplet):
    """As after a reboot of this machine."""
    for verb in ("down", "up"):
        subprocess.run([Path(sys.executable).with_name("izzzi-sandbox"), verb], check=True, timeout=180)
    wait_until(lambda: droplet.status() == "active", "the droplet is active again", 60)
    droplet.wait_for_ssh()
    assert droplet.run("cat /root/kept") == "kept"


def test_shutdown_is_clean(droplet):
    droplet.run(
        "systemd-run --quiet --property=ExecStop='/bin/touch /root/stopped-cleanly' "
        "--property=RemainAfterExit=yes /bin/true"
    )
    droplet.act("shutdown")
    assert droplet.status() == "off"
    droplet.act("power_on")
    droplet.wait_for_ssh()
    assert droplet.run("ls /root/stopped-cleanly") == "/root/stopped-cleanly"


def test_the_guest_may_reboot_itself(droplet):
    before = droplet.run("cat /proc/1/stat | cut -d' ' -f22")
    droplet.ssh("systemctl reboot", check=False)
    wait_until(lambda: new_boot(droplet, before), "the guest has booted again")
    assert droplet.status() == "active"
    assert droplet.run("cat /root/kept") == "kept"


def new_boot(droplet: Droplet, before: str) -> bool:
    answer = droplet.ssh("cat /proc/1/stat | cut -d' ' -f22", check=False)
    return answer.returncode == 0 and answer.stdout.strip() != before


def test_the_guest_may_power_itself_off_and_is_resized_then(droplet):
    droplet.ssh("systemctl poweroff", check=False)
    wait_until(lambda: droplet.status() == "off", "the API shows the droplet off")
    droplet.act("resize", size="s-2vcpu-4gb", disk=False)
    droplet.act("power_on")
    host = droplet.inspect()["HostConfig"]
    assert host["Memory"] == 4 * GIB
    assert host["CpuQuota"] / host["CpuPeriod"] == 2


def test_rebuild_gives_a_new_disk_and_keeps_the_addresses(droplet):
    droplet.wait_for_ssh()
    droplet.act("rebuild", image="debian-13-x64")
    droplet.wait_for_boot()
    assert droplet.ssh("cat /root/kept", check=False).returncode != 0
    assert droplet.run("cat /etc/seen-by-cloud-init") == "user_data ran"


def test_debian_12_boots_too(create):
    droplet = create("sandbox-test-12", image="debian-12-x64")
    droplet.wait_for_boot()
    assert "VERSION_CODENAME=bookworm" in droplet.run("cat /etc/os-release")
    assert droplet.run("cat /etc/seen-by-cloud-init") == "user_data ran"
    assert tools_of(droplet) == [droplet.id, droplet.id]


def test_a_deleted_droplet_leaves_nothing(create):
    droplet = create("sandbox-test-doomed")
    assert str(droplet.id) in docker("ps", "--all", "--format", "{{.Names}}")
    api("DELETE", f"/droplets/{droplet.id}")
    wait_until(lambda: str(droplet.id) not in docker("ps", "--all", "--format", "{{.Names}}"), "no container is left")
    assert str(droplet.id) not in docker("volume", "ls", "--quiet")
    gone = subprocess.run(["docker", "inspect", f"izzzi-sandbox-port-{droplet.id}"], capture_output=True, check=False)
    assert gone.returncode != 0
