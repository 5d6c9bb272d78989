# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._exposure import check, declared
from ansible_collections.izzzi.infra.plugins.module_utils._exposure import reach as exposure
from ansible_collections.izzzi.infra.plugins.module_utils._exposure.check import Listener
from ansible_collections.izzzi.infra.plugins.module_utils._exposure.declared import Published

OPEN = {"addresses": ["0.0.0.0/0", "::/0"]}
DECLARED = declared.of_host([{"name": "web", "protocol": "tcp", "ports": [80, 443]}])
SS = """\
udp   UNCONN 0 0  198.51.100.16%eth0:68   0.0.0.0:*  users:(("systemd-network",pid=1,fd=2))
tcp   LISTEN 0 128        0.0.0.0:22      0.0.0.0:*  users:(("sshd",pid=5,fd=7))
tcp   LISTEN 0 128              *:8080          *:*  users:(("node",pid=9,fd=7))
tcp   LISTEN 0 128           [::]:5432       [::]:*  users:(("postgres",pid=9,fd=7))
tcp   LISTEN 0 128          [::1]:6010       [::]:*
udp   UNCONN 0 0   [fe80::1%eth0]:546        [::]:*
"""


def scanned(answers: dict[int, str], protocol="tcp", ports=(22, 80, 443, 8000, 8001)) -> list[str]:
    let_in = exposure.lets_in(DECLARED, protocol, "198.51.100.1", [])
    return check.of_scan("app (198.51.100.16)", "a stranger", protocol, ports, answers, let_in)


def test_what_is_declared_is_no_difference():
    assert scanned({80: "open", 443: "refused"}) == []


def test_each_difference_names_host_port_source_expected_and_found():
    assert scanned({80: "open", 22: "open", 8000: "refused", 8001: "refused"}) == [
        "app (198.51.100.16): 22/tcp from a stranger: expected closed, found open",
        "app (198.51.100.16): 8000-8001/tcp from a stranger: expected closed, found reachable "
        "(refused: nothing listens)",
        "app (198.51.100.16): 443/tcp from a stranger: expected reachable, found no answer",
    ]


def test_udp_is_only_ever_too_open():
    assert scanned({}, "udp", (53,)) == []
    assert scanned({53: "refused"}, "udp", (53,)) == [
        "app (198.51.100.16): 53/udp from a stranger: expected closed, found reachable (refused: nothing listens)"
    ]


def test_listeners_of_ss():
    assert check.listeners(SS) == [
        Listener("udp", "198.51.100.16", 68, "systemd-network"),
        Listener("tcp", "0.0.0.0", 22, "sshd"),
        Listener("tcp", "", 8080, "node"),
        Listener("tcp", "::", 5432, "postgres"),
        Listener("tcp", "::1", 6010, "a process without a name"),
        Listener("udp", "fe80::1", 546, "a process without a name"),
    ]


def test_published_ports_of_docker():
    lines = [
        "db\t0.0.0.0:5432->5432/tcp, [::]:5432->5432/tcp",
        "mail\t127.0.0.1:1080->1080/tcp, 1025/tcp",
        "web\t:::80-81->80-81/tcp",
    ]
    assert check.published("\n".join(lines)) == [
        Published("db", "tcp", 5432, 5432, "0.0.0.0"),
        Published("db", "tcp", 5432, 5432, "::"),
        Published("mail", "tcp", 1080, 1080, "127.0.0.1"),
        Published("web", "tcp", 80, 81, "::"),
    ]


def test_listeners_beyond_the_declaration_are_named():
    heard = [*check.listeners(SS), Listener("tcp", "0.0.0.0", 80, "nginx"), Listener("tcp", "172.17.0.1", 9, "agent")]
    heard.append(Listener("tcp", "0.0.0.0", 5433, "docker-proxy"))
    doors = [Published("db", "tcp", 5433, 5433, "0.0.0.0"), Published("mail", "tcp", 1080, 1080, "127.0.0.1")]
    assert check.of_host("app", heard, doors, ["172.17.0.1"], DECLARED) == [
        "app: 5433/tcp: expected closed, found container db published on 0.0.0.0",
        "app: 8080/tcp: expected closed, found node listening on every address",
        "app: 22/tcp: expected closed, found sshd listening on 0.0.0.0",
        "app: 5432/tcp: expected closed, found postgres listening on ::",
        "app: 68/udp: expected closed, found systemd-network listening on 198.51.100.16",
        "app: 546/udp: expected closed, found a process without a name listening on fe80::1",
    ]


TABLE = "table inet izzzi {\n\tchain inbound {\n\t\ttcp dport 22 accept\n\t\tcounter packets 7 bytes 9 drop\n\t}\n}\n"


@pytest.mark.parametrize(
    ("live", "line"),
    [
        (TABLE.replace("7 bytes 9", "0 bytes 0"), None),
        ("", "app: host firewall: its table is not loaded: expected what /etc/nftables.conf says"),
        (
            TABLE.replace("\t\tcounter packets 7 bytes 9 drop\n", ""),
            "app: host firewall: expected 'counter drop', found it missing",
        ),
        (
            TABLE.replace("\t\ttcp", "\t\ttcp dport 5432 accept\n\t\ttcp"),
            "app: host firewall: found 'tcp dport 5432 accept', which /etc/nftables.conf does not have",
        ),
    ],
)
def test_the_loaded_table_is_the_one_of_the_file(live, line):
    assert check.of_table("app", live, TABLE) == ([line] if line else [])


def test_order_counts_in_a_table():
    lines = TABLE.splitlines()
    swapped = "\n".join([*lines[:2], lines[3], lines[2], *lines[4:]])
    assert "another order" in check.of_table("app", swapped, TABLE)[0]


def test_the_cloud_is_compared_in_both_directions():
    wanted = declared.of_cloud({"web": {"inbound": [{"protocol": "tcp", "ports": "80", "sources": OPEN}]}})
    live = declared.of_cloud({"hand": {"inbound": [{"protocol": "tcp", "ports": "5432", "sources": OPEN}]}})
    assert check.of_cloud("app", live, wanted) == [
        "app: cloud firewall: 5432/tcp open to everybody: expected closed",
        "app: cloud firewall: expected 80/tcp open to everybody: found closed",
    ]


def test_what_a_loaded_table_lets_in():
    table = """table inet izzzi {
	chain inbound {
		type filter hook prerouting priority -150; policy accept;
		ct state established,related accept
		iifname "br-*" accept
		ip saddr { 203.0.113.7, 10.0.0.0/8 } tcp dport 22 accept comment "SSH"
		tcp dport { 80, 8000-8009 } accept comment "web, and more"
		ip6 saddr fd00::/8 udp dport 53 accept
		counter packets 1 bytes 2 drop
	}
}
"""
    assert exposure.words(check.reach_of_table(table)) == [
        "icmp open to everybody",
        "22/tcp open to 10.0.0.0/8, 203.0.113.7/32",
        "80/tcp open to everybody",
        "8000-8009/tcp open to everybody",
        "53/udp open to fd00::/8",
    ]
    assert check.reach_of_table("") == exposure.simplify(exposure.everything())
