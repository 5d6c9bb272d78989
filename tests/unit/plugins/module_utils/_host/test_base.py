# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host.base import problems

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO6ncewej6osZ6tMxRibEowZlnHcLr7jLgZ5xoLizRym me"
SSH = {"name": "SSH", "protocol": "tcp", "ports": ["22"], "sources": ["198.51.100.0/24"]}
INPUTS = {
    "base_user": "deploy",
    "base_user_keys": [KEY],
    "base_ssh_port": 22,
    "base_ssh_allow_users": ["deploy"],
    "base_ssh_allow_groups": ["ssh-users"],
    "base_ssh_algorithms": "modern",
    "base_ssh_max_auth_tries": 3,
    "base_proof_seconds": 60,
    "base_firewall_enabled": True,
    "base_firewall_rules": [SSH],
    "base_firewall_swarm_sources": ["10.0.0.0/24"],
    "base_firewall_trusted_interfaces": ["lo", "br-*"],
    "base_fail2ban_ignored": ["10.0.0.0/8"],
    "base_automatic_reboot_time": "03:30",
    "base_updates_started_services": ["docker.service"],
    "base_packages": ["curl", "g++"],
    "base_later_packages": {"debian-13": ["nginx"]},
    "base_timezone": "Etc/UTC",
    "base_ntp_servers": ["ntp.example.org", "2001:db8::1"],
    "base_swap_size": "2G",
    "base_journal_max_size": "500M",
    "base_sysctl": {"vm.swappiness": 10, "kernel.sysrq": None},
    "base_sysctl_defaults": {"kernel.sysrq": 0},
    "base_blocked_modules": ["usb-storage"],
    "base_ssh_door_prefix": "izzzi-door:shop:staging:",
    "base_umask": "027",
    "base_shell_timeout": 600,
    "base_audit_paths": ["/etc/passwd"],
    "base_mount_options": {"/tmp": ["nosuid", "size=10%"]},
    "base_process_group": "adm",
}
EMPTY = ("DOORS", "SSHD_ERROR", "SSHD_EARLIER", "OPEN_HOME", "PORT_TAKEN_BY", "SSH_SOCKET", "NO_ZONE")
HOST = {
    **dict.fromkeys(EMPTY, ""),
    "DISTRIBUTION": "debian",
    "CLOCK": "1000000",
    "LOGIN": "deploy",
    "CLIENT": "198.51.100.1",
    "SSHD_FILES": "/etc/ssh/sshd_config",
    "PROC_GROUP": "4",
}
PQ = ["mlkem768x25519-sha256"]
CONTROLLER = {
    "name": "web-1",
    "now": "1000000.5",
    "connection": "ssh",
    "over_ssh": True,
    "login_stays": True,
    "offered": {"kex": PQ, "mac": ["umac-128-etm@openssh.com"]},
    "kex": [*PQ, "curve25519-sha256"],
}


def told(inputs=None, host=None, controller=None):
    return problems({**INPUTS, **(inputs or {})}, {**HOST, **(host or {})}, {**CONTROLLER, **(controller or {})})


def test_what_is_well_has_no_problem():
    assert told() == []
    nothing = dict.fromkeys(("base_automatic_reboot_time", "base_swap_size", "base_process_group"), "")
    assert told(nothing, {"PROC_GROUP": ""}) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("base_user", "x; rm", '"x; rm" is not a valid user name: small letters, digits, _ and -, a letter first.'),
        ("base_user", "deploy\n", '"deploy\\n" is not a valid user name: small letters'),
        ("base_ssh_allow_users", ["a b"], '"a b" is not a valid user name.'),
        ("base_ssh_allow_groups", ["a b"], '"a b" is not a valid group name.'),
        ("base_ssh_port", 70000, "70000 is not a valid port (1 to 65535)."),
        ("base_packages", ["htop --force"], '"htop --force" is not a valid package name.'),
        ("base_later_packages", {"debian-13": ["a;b"]}, '"a;b" is not a valid package name.'),
        ("base_sysctl_defaults", {"a b": 1}, '"a b" is not a valid name of a kernel setting.'),
        ("base_sysctl", {"a b": 1}, '"a b" is not a valid name of a kernel setting.'),
        ("base_sysctl", {"a.b": "$(id)"}, '"$(id)" is not a valid value of a kernel setting.'),
        ("base_blocked_modules", ["a b"], '"a b" is not a valid module name.'),
        ("base_mount_options", {"tmp": []}, '"tmp" is not a valid absolute path.'),
        ("base_mount_options", {"/tmp": ["no suid"]}, '"no suid" is not a valid mount option.'),
        ("base_audit_paths", ["etc"], '"etc" is not a valid absolute path.'),
        ("base_firewall_trusted_interfaces", ["eth 0"], '"eth 0" is not a valid interface name.'),
        ("base_updates_started_services", ["docker"], '"docker" is not a valid unit name.'),
        ("base_ntp_servers", ["a b"], '"a b" is not a valid host name or address.'),
        ("base_timezone", "Mars Base", '"Mars Base" is not a valid zone, such as Europe/Paris.'),
        ("base_process_group", "a b", '"a b" is not a valid group name.'),
        ("base_automatic_reboot_time", "24:00", '"24:00" is not a valid time such as 03:30.'),
        ("base_umask", "9", '"9" is not a valid umask such as 027.'),
        ("base_swap_size", "2 GB", '"2 GB" is not a valid size such as 2G.'),
        ("base_journal_max_size", "", '"" is not a valid size such as 500M.'),
        ("base_ssh_max_auth_tries", 0, "0 would let nobody in. Use 1 or more."),
        ("base_proof_seconds", 9, "9 is too short for a new login that proves the access. Use 10 or more."),
        ("base_shell_timeout", -1, "-1 is not a valid number of seconds. 0 means never."),
        ("base_user_keys", [KEY, "ssh-dss AAAA old"], "key 2 ('ssh-dss AAAA old'): its content is not a whole key."),
        ("base_firewall_rules", [{**SSH, "ports": ["0"]}], "rule 1 ('SSH'): port '0' is neither a number"),
        ("base_firewall_swarm_sources", ["10.0.0.1/8"], "source '10.0.0.1/8' is not a network"),
        ("base_fail2ban_ignored", ["home"], "source 'home' is not a network"),
    ],
)
def test_an_input_that_is_not_valid_is_named(name, value, words):
    (problem,) = [text for text in told({name: value}) if not text.startswith("base_firewall_rules: no rule lets")]
    assert problem.startswith(f"{name}: {words}")


def test_somebody_must_be_able_to_log_in():
    assert told({"base_user_keys": []}) == [
        "base_user_keys is empty: nobody could log in as deploy. Give at least one public key."
    ]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (({}, {"DISTRIBUTION": "alpine"}), "web-1 runs alpine; this role knows Debian and Ubuntu."),
        (
            ({}, {"CLOCK": "0"}),
            "the clock of web-1 says 1970-01-01 00:00:00, the one of this controller 1970-01-12 13:46:40 (UTC).",
        ),
        (({}, {"SSHD_ERROR": "line 1: bad"}), "sshd refuses its present configuration, and a restart would end all"),
        (({}, {"SSHD_FILES": ""}), "/etc/ssh/sshd_config has no line `Include /etc/ssh/sshd_config.d/*.conf`"),
        (
            ({}, {"SSHD_EARLIER": "/etc/ssh/sshd_config.d/00-a.conf:Match"}),
            "sshd reads /etc/ssh/sshd_config.d/00-a.conf before 00-izzzi.conf and would take its Match. Take that line",
        ),
        (({"base_timezone": "Mars/X"}, {"NO_ZONE": "yes"}), "base_timezone: web-1 knows no zone Mars/X. Use one of"),
        (({}, {"PROC_GROUP": ""}), "base_process_group: web-1 has no group adm. Make it first, or use adm."),
        (
            ({"base_ssh_allow_users": ["me"]}, {"LOGIN": "root"}, {"login_stays": False}),
            "Ansible logs in as root, who is not in base_ssh_allow_users, so this would be its last login. Log in as",
        ),
        (({}, {"OPEN_HOME": "/home/deploy "}), "/home/deploy may be written by others than deploy, so sshd would"),
        (
            ({}, {"CLIENT": "203.0.113.7"}),
            "base_firewall_rules: no rule lets TCP port 22 in from 203.0.113.7, where this login comes from.",
        ),
        (
            ({}, {"CLIENT": "203.0.113.7", "DOORS": "izzzi-door:shop:staging:203-0-113-70:20251129T203000Z"}),
            "base_firewall_rules: no rule lets TCP port 22 in from 203.0.113.7",
        ),
        (
            ({}, {}, {"offered": {"kex": [], "mac": []}}),
            "OpenSSH on web-1 knows no post-quantum key exchange. Set base_ssh_algorithms: intermediate.",
        ),
        (
            ({}, {}, {"kex": ["curve25519-sha256"]}),
            "This controller's ssh knows none of the key exchanges to come (mlkem768x25519-sha256). Update its OpenSSH",
        ),
        (
            ({}, {}, {"connection": "paramiko_ssh"}),
            "paramiko knows no post-quantum key exchange. Use ansible_connection: ssh, or set base_ssh_algorithms",
        ),
        (({}, {"PORT_TAKEN_BY": "python3"}), "base_ssh_port: 22 is in use on web-1 by python3."),
        (
            ({"base_ssh_port": 2222, "base_firewall_enabled": False}, {"SSH_SOCKET": "active"}),
            "base_ssh_port: on web-1 the unit ssh.socket listens, not sshd. Disable it",
        ),
    ],
)
def test_what_does_not_fit_the_host_is_named(given, words):
    (problem,) = told(*given)
    assert problem.startswith(words)


@pytest.mark.parametrize(
    "given",
    [
        ({"base_firewall_enabled": False}, {"CLIENT": "203.0.113.7"}),
        ({}, {"CLIENT": "203.0.113.7"}, {"over_ssh": False}),
        ({}, {"CLIENT": "203.0.113.7", "DOORS": "web izzzi-door:shop:staging:203-0-113-7:20251129T203000Z"}),
        ({}, {}, {"over_ssh": False, "kex": []}),
        ({"base_ssh_algorithms": "intermediate"}, {}, {"connection": "paramiko_ssh"}),
        ({}, {"SSH_SOCKET": "active"}),
        ({}, {"CLOCK": "1000500"}),
        ({}, {"LOGIN": "root"}, {"login_stays": False}),
    ],
)
def test_what_harms_nobody_is_let_through(given):
    assert told(*given) == []


def test_all_is_said_at_once_and_nothing_twice():
    assert told({"base_timezone": "Mars Base", "base_umask": "9"}, {"NO_ZONE": "yes", "SSHD_FILES": ""}) == [
        'base_timezone: "Mars Base" is not a valid zone, such as Europe/Paris.',
        'base_umask: "9" is not a valid umask such as 027.',
        "/etc/ssh/sshd_config has no line `Include /etc/ssh/sshd_config.d/*.conf`, so settings of this role would have"
        " no effect. Put it at the top of the file.",
    ]
