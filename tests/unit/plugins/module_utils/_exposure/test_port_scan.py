# SPDX-License-Identifier: GPL-3.0-or-later
"""Real sockets on the loopback address; silence is asked of a socket whose queue is full."""

from __future__ import annotations

import socket
from contextlib import ExitStack, contextmanager

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._exposure import port_scan as scan
from ansible_collections.izzzi.infra.plugins.module_utils._exposure.port_scan import OPEN, REFUSED, Probe


@contextmanager
def listener(kind=socket.SOCK_STREAM, family=socket.AF_INET, address="127.0.0.1"):
    with socket.socket(family, kind) as server:
        server.bind((address, 0))
        if kind == socket.SOCK_STREAM:
            server.listen()
        yield server.getsockname()[1]


@contextmanager
def silent():
    """With its queue full, the kernel answers no further connection."""
    with socket.socket() as server, ExitStack() as clients:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        for _ in range(3):
            client = clients.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


def test_open_refused_and_silent_are_told_apart():
    with listener() as open_port, silent() as quiet:
        with listener() as closed:
            pass
        answers = scan.tcp({"127.0.0.1": [open_port, closed, quiet]}, 1000, 0.3)
    assert answers == {Probe("127.0.0.1", open_port): OPEN, Probe("127.0.0.1", closed): REFUSED}


def test_every_port_of_two_addresses_is_asked_once():
    with listener() as port:
        ports = range(max(1, port - 300), min(65535, port + 300))
        answers = scan.tcp({"127.0.0.1": ports, "127.0.0.2": ports}, 100_000, 0.5)
    assert len(answers) == 2 * len(ports)
    assert answers[Probe("127.0.0.1", port)] == OPEN
    assert answers[Probe("127.0.0.2", port)] == REFUSED


def test_the_rate_is_kept():
    clock = scan.time.monotonic()
    scan.tcp({"127.0.0.1": range(1, 101)}, 250, 0.2)
    assert scan.time.monotonic() - clock >= 0.3


def test_ipv6():
    with listener(family=socket.AF_INET6, address="::1") as port:
        assert scan.tcp({"::1": [port]}, 100, 0.5) == {Probe("::1", port): OPEN}


def test_udp_refusals_are_seen():
    with listener(socket.SOCK_DGRAM) as quiet:
        with listener(socket.SOCK_DGRAM) as closed:
            pass
        assert scan.udp({"127.0.0.1": [quiet, closed]}, 0.1) == {Probe("127.0.0.1", closed): REFUSED}


def test_no_way_to_an_address_is_an_error():
    with pytest.raises(scan.NoRoute):
        scan._note({}, Probe("2001:db8::1", 1), scan.errno.ENETUNREACH)


@pytest.mark.parametrize(("most", "count", "rate"), [(262144, 100, 5000), (65536, 5000, 252), (10, 10, 1)])
def test_a_droplet_keeps_half_of_its_free_tracking(tmp_path, most, count, rate):
    (tmp_path / "nf_conntrack_max").write_text(f"{most}\n")
    (tmp_path / "nf_conntrack_count").write_text(f"{count}\n")
    assert scan.safe_rate(5000, 65535, tmp_path) == rate


def test_without_tracking_the_rate_is_the_given_one(tmp_path):
    assert scan.safe_rate(5000, 65535, tmp_path) == 5000


def test_runs():
    assert scan.runs([3, 1, 2, 9, 11, 10]) == [(1, 3), (9, 11)]
    assert scan.runs([]) == []
