# SPDX-License-Identifier: GPL-3.0-or-later
"""A load balancer forwards real connections to the droplets that are well, and follows who they are."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from dataclasses import replace

import pytest
from izzzi_sandbox.droplets.backend import BackendError, ForwardingRule, HealthCheck, LoadBalancerSpec, Rule

from .cloud import Droplet, wait_until
from .machines import OPEN, VPC, Machines, guarded

ADDRESS, PRIVATE = "198.51.100.253", "10.62.0.253"
HTTP = ForwardingRule("http", 80, "http", 8080)
CHECK = HealthCheck(
    "http", 8080, "/up", interval_seconds=1, timeout_seconds=1, unhealthy_threshold=2, healthy_threshold=2
)
SPEC = LoadBalancerSpec(
    id="7e57ba5e-0000-4000-8000-000000000004",
    name="sandbox-test",
    public_ip=ADDRESS,
    private_ip=PRIVATE,
    vpc_id=VPC,
    rules=(HTTP, ForwardingRule("tcp", 2222, "tcp", 22)),
    health_check=CHECK,
    targets=(),
)
SERVE = (
    "mkdir -p /srv/web && cd /srv/web && hostname > index.html && touch up && "
    "systemd-run --quiet --unit=web --working-directory=/srv/web python3 -m http.server 8080"
)


@pytest.fixture(scope="module")
def behind(machines: Machines, pair: tuple[Droplet, Droplet]) -> Iterator[LoadBalancerSpec]:
    for droplet in pair:
        droplet.run(SERVE)
        machines.backend.apply_firewall(droplet.id, guarded(Rule("tcp", 8080, 8080, (f"{PRIVATE}/32",))))
    spec = replace(SPEC, targets=tuple(droplet.private for droplet in pair))
    machines.backend.apply_load_balancer(spec)
    yield spec
    machines.backend.delete_load_balancer(spec.id)
    for droplet in pair:
        droplet.run("systemctl stop web")
        machines.backend.apply_firewall(droplet.id, OPEN)


def names(spec: LoadBalancerSpec, count: int = 6) -> set[str]:
    """Who answers a few requests."""
    return {get()[0] for _ in range(count)}


def get(**headers: str) -> tuple[str, str]:
    """The droplet's name, and the cookie that the load balancer set."""
    request = urllib.request.Request(f"http://{ADDRESS}/", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=5) as reply:
            return reply.read().decode().strip(), reply.headers.get("Set-Cookie", "")
    except urllib.error.HTTPError as error:
        return str(error.code), ""


def test_it_spreads_requests_over_its_droplets(behind):
    assert names(behind) == {"sandbox-test-1", "sandbox-test-2"}


def test_it_passes_other_protocols_through(behind):
    assert Droplet(0, ADDRESS, "").ssh("hostname", check=False, port=2222).stdout.startswith("sandbox-test-")


def test_it_leaves_a_droplet_out_that_is_not_well(behind, pair):
    pair[0].run("rm /srv/web/up")
    wait_until(lambda: names(behind) == {"sandbox-test-2"}, "the check fails", 15)
    pair[0].run("touch /srv/web/up")
    wait_until(lambda: len(names(behind)) == 2, "the check succeeds again", 15)


def test_it_follows_its_targets(machines, behind):
    machines.backend.apply_load_balancer(replace(behind, targets=behind.targets[:1]))
    assert names(behind) == {"sandbox-test-1"}
    machines.backend.apply_load_balancer(replace(behind, targets=()))
    assert names(behind) == {"503"}
    machines.backend.apply_load_balancer(behind)
    assert len(names(behind)) == 2


def test_a_sticky_session_stays_with_its_droplet(machines, behind):
    machines.backend.apply_load_balancer(replace(behind, sticky_cookie="DO-LB", sticky_seconds=300))
    name, cookie = get()
    assert cookie.startswith("DO-LB=")
    assert {get(Cookie=cookie.partition(";")[0])[0] for _ in range(4)} == {name}


def test_a_client_can_be_refused(machines, behind):
    machines.backend.apply_load_balancer(replace(behind, deny=("198.51.100.1/32",)))
    with pytest.raises(OSError, match=r"closed|reset"):
        get()
    machines.backend.apply_load_balancer(replace(behind, allow=("198.51.100.1/32",)))
    assert len(names(behind)) == 2


def test_what_it_cannot_do_is_an_error_and_changes_nothing(machines, behind):
    for rule in (ForwardingRule("udp", 53, "udp", 53), ForwardingRule("https", 443, "http", 8080)):
        with pytest.raises(BackendError):
            machines.backend.apply_load_balancer(replace(behind, rules=(rule,)))
    assert len(names(behind)) == 2
