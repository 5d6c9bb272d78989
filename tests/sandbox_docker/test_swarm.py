# SPDX-License-Identifier: GPL-3.0-or-later
"""Three droplets form a Swarm over their VPC, through a cloud firewall, with an overlay network between them.

There is no IP_VS in every kernel, so services resolve to their tasks (dnsrr) as the collection's own do.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from izzzi_sandbox.droplets.backend import Rule, Ruleset

from .cloud import FETCH, Droplet, api, wait_until
from .machines import VPC_RANGE, Machines, guarded

MEMBERS = (VPC_RANGE,)
CONTROL = (Rule("tcp", 2377, 2377, MEMBERS), Rule("tcp", 7946, 7946, MEMBERS), Rule("udp", 7946, 7946, MEMBERS))
VXLAN = Rule("udp", 4789, 4789, MEMBERS)
SNAPSHOT = 7_570_002
NODES = ("sandbox-test-4", "sandbox-test-5", "sandbox-test-6")
IMAGE = "debian:trixie-slim"
DAEMON = '{"registry-mirrors": ["http://198.51.100.2:5000"]}'
INSTALL = (
    f"mkdir -p /etc/docker && echo '{DAEMON}' > /etc/docker/daemon.json && apt-get update -qq && "
    "DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends docker.io docker-cli iptables "
    f">/dev/null 2>&1 && docker pull -q {IMAGE}"
)
SERVE = (
    "perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 8000, Listen => 9); "
    "while ($c = $s->accept) { print $c $ENV{NODE}; close $c }'"
)
# The connection is opened by the shell that has the limit.
ASK = (
    'for address in $(getent ahostsv4 tasks | cut -d" " -f1 | sort -u); do '
    'timeout 3 bash -c "cat < /dev/tcp/$address/8000" && echo; done'
)


@pytest.fixture(scope="module")
def droplets(machines: Machines) -> Iterator[list[Droplet]]:
    """Docker is installed once and copied by a snapshot: that is quicker, and proves that snapshots carry it."""
    rules = guarded(*CONTROL, VXLAN)
    manager = machines.create(4, rules)
    manager.run(INSTALL)
    # An engine's identity must not be copied.
    manager.run("systemctl stop docker docker.socket && rm -f /var/lib/docker/engine-id /etc/docker/key.json")
    machines.backend.snapshot_droplet(manager.id, SNAPSHOT)
    manager.run("systemctl start docker")
    yield [manager, *(machines.create(number, rules, snapshot=SNAPSHOT) for number in (5, 6))]
    machines.backend.delete_droplet_snapshot(SNAPSHOT)


@pytest.fixture(scope="module")
def swarm(droplets: list[Droplet]) -> list[Droplet]:
    manager, *workers = droplets
    pool = "--default-addr-pool 172.31.0.0/16 --default-addr-pool-mask-length 24"
    manager.run(f"docker swarm init --advertise-addr {manager.private} {pool}")
    token = manager.run("docker swarm join-token --quiet worker")
    for worker in workers:
        worker.run(f"docker swarm join --token {token} --advertise-addr {worker.private} {manager.private}:2377")
    manager.run("docker network create --driver overlay --attachable app")
    service = "--name tasks --mode global --endpoint-mode dnsrr --network app --env NODE={{.Node.Hostname}}"
    manager.run(f"docker service create --quiet --detach {service} {IMAGE} {SERVE}")
    wait_until(lambda: running(manager) == 3, "a task runs on each node", 60)
    return droplets


def running(manager: Droplet) -> int:
    states = manager.run("docker service ps tasks --filter desired-state=running --format '{{.CurrentState}}'")
    return sum(state.startswith("Running") for state in states.splitlines())


def answers(droplet: Droplet) -> set[str]:
    """The nodes whose tasks a container on this droplet reaches over the overlay network."""
    result = droplet.ssh(f"docker run --rm --network app {IMAGE} bash -c '{ASK}'", check=False)
    return set(result.stdout.split())


def test_an_overlay_network_carries_traffic_between_droplets(swarm):
    for droplet in swarm[:2]:
        assert answers(droplet) == set(NODES)


def test_the_overlay_passes_the_cloud_firewall(machines, swarm):
    guard(machines, swarm, guarded(*CONTROL))
    assert answers(swarm[0]) == {NODES[0]}, "without 4789/udp each is alone"
    guard(machines, swarm, guarded(*CONTROL, VXLAN))
    assert answers(swarm[0]) == set(NODES)


def guard(machines: Machines, swarm: list[Droplet], rules: Ruleset) -> None:
    """Each connection is a flow of its own to VXLAN, so that none passes as an established one."""
    for droplet in swarm:
        machines.backend.apply_firewall(droplet.id, rules)


def test_a_container_in_a_droplet_has_the_metadata_and_the_names_of_its_droplet(swarm):
    manager = swarm[0]
    api("POST", "/domains", {"name": "sandbox-test.example", "ip_address": manager.public})
    try:
        assert manager.run(f"docker run --rm {IMAGE} getent ahostsv4 sandbox-test.example").startswith(manager.public)
        assert manager.run("getent ahostsv4 sandbox-test.example").startswith(manager.public)
        assert manager.run("getent ahostsv4 deb.debian.org") != ""
    finally:
        api("DELETE", "/domains/sandbox-test.example")
    script = r'exec 3<>/dev/tcp/169.254.169.254/80; printf "GET /metadata/v1/hostname HTTP/1.0\r\n\r\n" >&3; cat <&3'
    assert manager.run(f"docker run --rm {IMAGE} bash -c '{script}'").endswith(NODES[0])
    assert manager.run(f"{FETCH} http://169.254.169.254/metadata/v1/id") == str(manager.id)
