# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ipaddress import ip_address, ip_network

from ansible_collections.izzzi.infra.plugins.module_utils._exposure import reach as exposure
from ansible_collections.izzzi.infra.plugins.module_utils._exposure.reach import ANYBODY, MEMBERS, Reach
from hypothesis import given, settings
from hypothesis import strategies as st


def test_who_is_let_in():
    vpc, office = ip_network("10.20.0.0/16"), ip_network("203.0.113.7/32")
    boxes = [Reach("tcp", 80, 80, ip_network(network)) for network in exposure.EVERYWHERE]
    boxes += [Reach("tcp", 22, 22, office), Reach("tcp", 5432, 5432, vpc, MEMBERS)]
    stranger = exposure.lets_in(boxes, "tcp", "198.51.100.9", [])
    assert [port for port in (22, 80, 443, 5432) if stranger(port)] == [80]
    assert exposure.lets_in(boxes, "tcp", "203.0.113.7", [])(22)
    assert exposure.lets_in(boxes, "tcp", "10.20.0.9", [MEMBERS])(5432)
    assert not exposure.lets_in(boxes, "tcp", "10.20.0.9", [])(5432)
    assert not exposure.lets_in(boxes, "udp", "10.20.0.9", [MEMBERS])(5432)
    assert exposure.lets_in(boxes, "tcp", "2001:db8::1", [])(80)


# -- the algebra, point by point

NETWORKS = [ip_network(n) for n in ("0.0.0.0/0", "10.0.0.0/8", "10.20.0.0/16", "10.20.0.4/32", "::/0", "fd00::/8")]
ADDRESSES = [ip_address(a) for a in ("8.8.8.8", "10.1.0.1", "10.20.0.4", "10.20.0.5", "2001:db8::1", "fd00::1")]
KINDS = [ANYBODY, MEMBERS, "group web"]
BOXES = st.builds(
    lambda protocol, ends, network, who: Reach(protocol, min(ends), max(ends), network, who),
    st.sampled_from(["tcp", "udp"]),
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    st.sampled_from(NETWORKS),
    st.sampled_from(KINDS),
)
LISTS = st.lists(BOXES, max_size=5)
# Whoever is in a group is a member too.
IDENTITIES = [set(), {MEMBERS}, {MEMBERS, "group web"}]


def points(boxes: list[Reach]) -> set[tuple]:
    return {
        (protocol, port, address, len(who))
        for protocol in ("tcp", "udp")
        for address in ADDRESSES
        for who in IDENTITIES
        for port in filter(exposure.lets_in(boxes, protocol, str(address), who), range(1, 10))
    }


@settings(max_examples=40, deadline=None)
@given(LISTS)
def test_compact_changes_no_point(boxes):
    assert points(exposure.simplify(boxes)) == points(boxes)
    assert exposure.simplify(exposure.simplify(boxes)) == exposure.simplify(boxes)


@settings(max_examples=40, deadline=None)
@given(LISTS, LISTS)
def test_both_is_the_intersection(a, b):
    assert points(exposure.intersect(a, b)) == points(a) & points(b)


@settings(max_examples=40, deadline=None)
@given(LISTS, LISTS)
def test_wider_finds_every_new_point_and_nothing_when_there_is_none(after, before):
    new = points(after) - points(before)
    found = exposure.subtract(after, before)
    assert new <= points(found) <= points(after)
    assert exposure.subtract(before, before) == []
    assert exposure.subtract(before, [*before, *after]) == []


def test_ports_that_do_not_meet_are_not_compared(monkeypatch):
    """Of many services each has ports of its own: their pairs would be the square of their number."""
    compared = []
    monkeypatch.setattr(exposure, "_common_network", lambda a, b: compared.append((a, b)) or a)
    boxes = [Reach("tcp", port, port, NETWORKS[0]) for port in range(8000, 8200, 2)]
    assert len(exposure.intersect(boxes, boxes)) == len(compared) == len(boxes)


@settings(max_examples=40, deadline=None)
@given(LISTS)
def test_rows_keep_everything(boxes):
    assert exposure.from_rows(exposure.rows(boxes)) == exposure.simplify(boxes)
