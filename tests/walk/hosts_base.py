# SPDX-License-Identifier: GPL-3.0-or-later
"""Correct settings of the role base, and who gets in with them."""

from __future__ import annotations

import ipaddress
from typing import Any

from hypothesis import strategies as st

from .hosts_ground import public_key

CONTROLLER = "198.51.100.1"
SOURCES = {
    "all": [],
    "us": ["198.51.100.0/24"],
    "us alone": ["198.51.100.1", "2001:db8::/32"],
    "others": ["10.73.0.0/24", "203.0.113.7"],
}
OURS = st.sampled_from(["all", "us", "us alone"])
ANYBODY = st.sampled_from(sorted(SOURCES))
WISH = st.fixed_dictionaries(
    {
        "port": st.sampled_from([22, 22, 2222]),
        "user": st.sampled_from(["deploy", "deploy", "deploy", "walker"]),
        "both_users": st.booleans(),
        "other_key": st.booleans(),
        "third_key": st.booleans(),
        "root": st.sampled_from(["no", "prohibit-password"]),
        "algorithms": st.sampled_from(["modern", "intermediate"]),
        "forwarding": st.sampled_from(["no", "local"]),
        "tries": st.integers(3, 5),
        "banner": st.sampled_from(["", 'Private. It\'s "ours"; 100 % $HOME \\n\n']),
        "ssh_sources": OURS,
        "web_sources": ANYBODY,
        "range": st.sampled_from(["", "9200", "9301", "9200-9301", "9000-9999"]),
        "range_sources": ANYBODY,
        "udp": st.booleans(),
        "swarm": st.booleans(),
        "fail2ban": st.sampled_from([True, True, False]),
        "ignored": st.booleans(),
        "updates": st.sampled_from([True, True, False]),
        "reboot_time": st.sampled_from(["", "03:30"]),
        "packages": st.sets(st.sampled_from(["curl", "rsync", "tree"])).map(sorted),
        "debsums": st.booleans(),
        "timezone": st.sampled_from(["Etc/UTC", "Europe/Paris"]),
        "time_sync": st.booleans(),
        "ntp": st.sampled_from(["", "", "ntp.example.org"]),
        "journal": st.sampled_from(["500M", "100M"]),
        "sysctl": st.sampled_from(["", "30", "40", "null"]),  # of the droplet's own network alone
        "modules": st.booleans(),
        "umask": st.sampled_from(["027", "022"]),
        "shell_timeout": st.sampled_from([0, 600]),
        "core_dumps": st.booleans(),
        "pam": st.booleans(),
        "audit": st.booleans(),
        "mounts": st.booleans(),
        "process_group": st.sampled_from(["adm", ""]),
    }
)

# Where each walk begins.
SIMPLE = {
    "port": 22,
    "user": "deploy",
    "both_users": False,
    "other_key": False,
    "third_key": False,
    "root": "no",
    "algorithms": "modern",
    "forwarding": "no",
    "tries": 3,
    "banner": "",
    "ssh_sources": "all",
    "web_sources": "all",
    "range": "",
    "range_sources": "all",
    "udp": False,
    "swarm": False,
    "fail2ban": True,
    "ignored": False,
    "updates": True,
    "reboot_time": "",
    "packages": [],
    "debsums": True,
    "timezone": "Etc/UTC",
    "time_sync": True,
    "ntp": "",
    "journal": "500M",
    "sysctl": "",
    "modules": True,
    "umask": "027",
    "shell_timeout": 600,
    "core_dumps": False,
    "pam": True,
    "audit": True,
    "mounts": True,
    "process_group": "adm",
}


def variables(wish: dict[str, Any], login: str, key: str) -> dict[str, Any]:
    """`login` and `key`: of this controller, which stays, as long as it is not another user's turn."""
    other = "second" if key == "first" else "first"
    keys = [key, *([other] if wish["other_key"] else []), *(["third"] if wish["third_key"] else [])]
    sysctl = {"30": 30, "40": 40, "null": None}
    rules = [
        {"name": "SSH", "protocol": "tcp", "ports": [str(wish["port"])], "sources": SOURCES[wish["ssh_sources"]]},
        {"name": "web", "protocol": "tcp", "ports": ["80", "443"], "sources": SOURCES[wish["web_sources"]]},
    ]
    if wish["range"]:
        sources = SOURCES[wish["range_sources"]]
        rules.append({"name": "more", "protocol": "tcp", "ports": [wish["range"]], "sources": sources})
    if wish["udp"]:
        rules.append({"name": "a (VPN), say", "protocol": "udp", "ports": ["51820"], "sources": []})
    users = sorted({login, wish["user"]} if wish["both_users"] and login == "deploy" else {wish["user"]})
    return {
        "base_user": wish["user"],
        "base_user_keys": [public_key(name) for name in keys],
        "base_ssh_port": wish["port"],
        "base_ssh_permit_root_login": wish["root"],
        "base_ssh_allow_users": users,
        "base_ssh_algorithms": wish["algorithms"],
        "base_ssh_tcp_forwarding": wish["forwarding"],
        "base_ssh_max_auth_tries": wish["tries"],
        "base_proof_seconds": 20,
        "base_login_banner": wish["banner"],
        "base_firewall_rules": rules,
        "base_firewall_swarm_sources": ["10.73.0.0/24"] if wish["swarm"] else [],
        "base_fail2ban_enabled": wish["fail2ban"],
        "base_fail2ban_ignored": ["192.0.2.0/24"] if wish["ignored"] else [],
        "base_updates_enabled": wish["updates"],
        "base_automatic_reboot_time": wish["reboot_time"],
        "base_packages": wish["packages"],
        "base_integrity_tools": ["debsums"] if wish["debsums"] else [],
        "base_timezone": wish["timezone"],
        "base_time_sync_enabled": wish["time_sync"],
        "base_ntp_servers": [wish["ntp"]] if wish["ntp"] else [],
        "base_journal_max_size": wish["journal"],
        "base_sysctl": {"net.ipv4.tcp_fin_timeout": sysctl[wish["sysctl"]]} if wish["sysctl"] else {},
        "base_blocked_modules": ["sctp", "usb-storage"] if wish["modules"] else [],
        "base_umask": wish["umask"],
        "base_shell_timeout": wish["shell_timeout"],
        "base_core_dumps_enabled": wish["core_dumps"],
        "base_pam_enabled": wish["pam"],
        "base_audit_enabled": wish["audit"],
        "base_mount_options": {"/dev/shm": ["nosuid", "nodev"], "/tmp": ["nosuid"]} if wish["mounts"] else {},
        "base_process_group": wish["process_group"],
    }


# Inputs that decide which packages there are.
INSTALLS = (
    "base_packages",
    "base_integrity_tools",
    "base_audit_enabled",
    "base_fail2ban_enabled",
    "base_updates_enabled",
    "base_time_sync_enabled",
)


def is_open(given: dict[str, Any], port: int) -> bool:
    """Whether this controller's packets to the port pass the firewall."""
    ours = ipaddress.ip_address(CONTROLLER)
    for rule in given["base_firewall_rules"]:
        networks = [ipaddress.ip_network(source) for source in rule["sources"]]
        ends = [str(item).partition("-") for item in rule["ports"]]
        covers = any(int(first) <= port <= int(last or first) for first, _, last in ends)
        if rule["protocol"] == "tcp" and covers and (not networks or any(ours in network for network in networks)):
            return True
    return False


def units(given: dict[str, Any]) -> dict[str, bool]:
    """Which services must run."""
    return {
        "ssh.service": True,
        "nftables.service": True,
        "izzzi-firewall-watch.service": True,
        **({"fail2ban.service": True} if given["base_fail2ban_enabled"] else {}),
        **({"unattended-upgrades.service": True} if given["base_updates_enabled"] else {}),
    }
