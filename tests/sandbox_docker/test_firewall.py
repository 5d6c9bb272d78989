# SPDX-License-Identifier: GPL-3.0-or-later
"""Cloud firewalls act on real packets, from real strangers, whatever the guest does to its own rules."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .cloud import Droplet, api, stranger_reaches, wait_until

EVERYONE = {"addresses": ["0.0.0.0/0", "::/0"]}
OUTBOUND = [{"protocol": p, "ports": "all", "destinations": EVERYONE} for p in ("tcp", "udp")]
TAG = "sandbox-test-guarded"
LISTEN = "systemd-run --quiet --unit=listen-{0} python3 -m http.server {0}"


@pytest.fixture(scope="module")
def pair(create) -> tuple[Droplet, Droplet]:
    """A server that listens on two ports, and a neighbour in its VPC."""
    server, neighbour = create("sandbox-test-server", tags=[TAG]), create("sandbox-test-neighbour")
    for droplet in (server, neighbour):
        droplet.wait_for_boot()
    for port in (8001, 8002):
        server.run(LISTEN.format(port))
    wait_until(lambda: "8002" in server.run("ss -ltn"), "the server listens")
    return server, neighbour


@pytest.fixture
def firewall(pair) -> Iterator[Firewall]:
    firewall = Firewall()
    yield firewall
    firewall.delete()


class Firewall:
    """Attached to the server by tag; SSH from this machine always stays open, so that the test can look inside."""

    def __init__(self) -> None:
        self._inbound = [tcp("22", addresses=["198.51.100.1/32"])]
        self._id = api("POST", "/firewalls", self._body())["firewall"]["id"]
        self._settle()

    def allow(self, *rules: dict) -> None:
        self._inbound = [self._inbound[0], *rules]
        api("PUT", f"/firewalls/{self._id}", self._body())
        self._settle()

    def delete(self) -> None:
        api("DELETE", f"/firewalls/{self._id}")

    def _body(self) -> dict:
        name = "sandbox-test-firewall"
        return {"name": name, "inbound_rules": self._inbound, "outbound_rules": OUTBOUND, "tags": [TAG]}

    def _settle(self) -> None:
        wait_until(lambda: self._status() == "succeeded", "the firewall is enforced", 5)

    def _status(self) -> str:
        return api("GET", f"/firewalls/{self._id}")["firewall"]["status"]


def tcp(ports: str, **sources) -> dict:
    return {"protocol": "tcp", "ports": ports, "sources": sources}


def test_without_a_firewall_everything_is_open(pair):
    server, _ = pair
    assert stranger_reaches(server.public, 8001)


def test_a_firewall_denies_what_no_rule_allows(pair, firewall):
    server, _ = pair
    assert not stranger_reaches(server.public, 8001)
    firewall.allow(tcp("8001", **EVERYONE))
    assert stranger_reaches(server.public, 8001)
    assert not stranger_reaches(server.public, 8002)
    firewall.allow()
    assert not stranger_reaches(server.public, 8001), "a change acts at once"


def test_firewalls_add_up(pair, firewall):
    server, _ = pair
    firewall.allow(tcp("8001", **EVERYONE))
    more = {"name": "sandbox-test-more", "inbound_rules": [tcp("8002", **EVERYONE)], "droplet_ids": [server.id]}
    second = api("POST", "/firewalls", more)["firewall"]["id"]
    try:
        wait_until(lambda: stranger_reaches(server.public, 8002), "the second firewall adds its port", 10)
        assert stranger_reaches(server.public, 8001)
    finally:
        api("DELETE", f"/firewalls/{second}")
    wait_until(lambda: not stranger_reaches(server.public, 8002), "a deleted firewall takes its port along", 10)


@pytest.mark.parametrize("source", ["droplet", "tag", "address"])
def test_sources(pair, firewall, source):
    server, neighbour = pair
    if source == "tag":
        api("POST", "/tags", {"name": "sandbox-test-friend"})
        friend = {"resources": [{"resource_id": str(neighbour.id), "resource_type": "droplet"}]}
        api("POST", "/tags/sandbox-test-friend/resources", friend)
    sources = {
        "droplet": {"droplet_ids": [neighbour.id]},
        "tag": {"tags": ["sandbox-test-friend"]},
        "address": {"addresses": [f"{neighbour.private}/32"]},
    }
    firewall.allow(tcp("8001-8002", **sources[source]))
    assert reaches(neighbour, server.private, 8001)
    assert reaches(neighbour, server.private, 8002)
    assert not stranger_reaches(server.public, 8001)
    if source == "tag":
        api("DELETE", "/tags/sandbox-test-friend")
        wait_until(lambda: not reaches(neighbour, server.private, 8001), "without the tag the way is closed", 10)


def reaches(droplet: Droplet, address: str, port: int) -> bool:
    return droplet.ssh(f"timeout 2 bash -c '</dev/tcp/{address}/{port}'", check=False).returncode == 0


def test_the_guest_cannot_lift_it(pair, firewall):
    server, _ = pair
    server.run("apt-get update -qq && apt-get install -qq -y --no-install-recommends nftables >/dev/null")
    server.run("nft flush ruleset; systemctl restart nftables")
    assert not stranger_reaches(server.public, 8001)
    assert server.ssh("nft delete table inet izzzi_cloud", check=False).returncode != 0
    assert not stranger_reaches(server.public, 8001)


def test_it_holds_from_the_first_packet_after_a_power_cycle(pair, firewall):
    server, _ = pair
    server.act("power_cycle")
    server.wait_for_ssh()
    server.run(LISTEN.format(8001))
    wait_until(lambda: "8001" in server.run("ss -ltn"), "the server listens")
    assert not stranger_reaches(server.public, 8001)


def test_outbound_is_denied_when_no_rule_allows_it(pair, firewall):
    server, neighbour = pair
    neighbour.run(LISTEN.format(8003))
    wait_until(lambda: reaches(server, neighbour.private, 8003), "outbound tcp is allowed")
    api("DELETE", f"/firewalls/{firewall._id}/rules", {"outbound_rules": OUTBOUND})
    wait_until(lambda: not reaches(server, neighbour.private, 8003), "outbound tcp is closed", 10)
