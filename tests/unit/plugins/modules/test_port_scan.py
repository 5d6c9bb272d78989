# SPDX-License-Identifier: GPL-3.0-or-later
"""main() against real sockets of the loopback address."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._exposure import declared
from ansible_collections.izzzi.infra.plugins.module_utils._exposure import reach as exposure
from ansible_collections.izzzi.infra.plugins.modules.port_scan import main, source_of

CLOSED = exposure.rows(declared.of_host([]))


@pytest.fixture
def server():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def reach(port: int) -> list[dict]:
    return exposure.rows(
        declared.of_host([{"name": "x", "protocol": "tcp", "ports": [port], "sources": ["127.0.0.1/32"]}])
    )


def scan(run_module, port: int, rows: list[dict], **more) -> dict:
    targets = [{"name": "app", "address": "127.0.0.1", "reach": rows}]
    return run_module(main, {"vantage": "here", "targets": targets, "tcp_ports": str(port), "timeout": 0.3, **more})


def test_as_declared(run_module, server):
    result = scan(run_module, server, reach(server))
    assert result["differences"] == []
    assert result["reachable"] == {"127.0.0.1": {"tcp": {str(server): "open"}, "udp": {}}}
    assert result["probes"] == 1


def test_too_open(run_module, server):
    assert scan(run_module, server, CLOSED)["differences"] == [
        f"app (127.0.0.1): {server}/tcp from here (127.0.0.1): expected closed, found open"
    ]


def test_the_source_that_the_target_sees_counts(run_module, server):
    targets = [{"name": "app", "address": "127.0.0.1", "source": "203.0.113.9", "reach": reach(server)}]
    result = run_module(main, {"vantage": "here", "targets": targets, "tcp_ports": str(server), "timeout": 0.3})
    assert result["differences"] == [
        f"app (127.0.0.1): {server}/tcp from here (203.0.113.9): expected closed, found open"
    ]


def test_an_address_without_a_way_is_skipped_and_said(run_module, monkeypatch, server):
    def no_route(address: str) -> str:
        raise exposure_scan.NoRoute(101, "no route", address)

    from ansible_collections.izzzi.infra.plugins.module_utils._exposure import port_scan as exposure_scan
    from ansible_collections.izzzi.infra.plugins.modules import port_scan

    monkeypatch.setattr(port_scan, "source_of", no_route)
    result = scan(run_module, server, CLOSED)
    assert (result["unrouted"], result["probes"]) == (["app 127.0.0.1"], 0)


@pytest.mark.parametrize(("option", "value"), [("rate", 0), ("timeout", -1), ("tcp_ports", "9-1")])
def test_bad_input(run_module, option, value):
    result = scan(run_module, 1, CLOSED, **{option: value})
    assert result["failed"]
    assert option in result["msg"]


def test_the_source_is_found_without_sending():
    assert source_of("127.0.0.1") == "127.0.0.1"
