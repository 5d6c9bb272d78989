# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host.docker_daemon import effect, problems

SETTINGS = {
    "log-driver": "json-file",
    "log-opts": {"max-size": "10m", "max-file": "3"},
    "live-restore": True,
    "bip": "172.17.0.1/16",
    "default-address-pools": [{"base": "172.18.0.0/16", "size": 24}],
}
FRESH = {"EXEC_START": "/usr/sbin/dockerd -H fd:// --containerd=/run/containerd/containerd.sock $DOCKER_OPTS"}


def told(host=FRESH, policy=None, **settings):
    return " | ".join(problems({**SETTINGS, **settings}, host, policy or {}))


def test_the_defaults_are_well():
    assert told(policy={"reserved_networks": ["10.20.0.0/16"]}) == ""


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"log-opts": {"max-file": 3}}, "log-opts.max-file: 3 is not a text"),
        ({"log-opts": "10m"}, "log-opts must be a dictionary"),
        ({"icc": "no"}, "icc: 'no' must be true or false"),
        ({"registry-mirrors": "https://mirror"}, "registry-mirrors: 'https://mirror' must be a list"),
        ({"bip": "172.18.3.1/24"}, "overlaps"),
        ({"bip": "nowhere"}, "bip: 'nowhere' is not a valid address"),
        ({"default-address-pools": [{"base": "172.18.0.0/16"}]}, "must be {base: a network, size: a prefix length}"),
        ({"default-address-pools": [{"base": "0.0.0.0/33", "size": 24}]}, "must be {base"),
        ({"default-address-pools": [{"base": "172.18.0.0/16", "size": 8}]}, "cannot be cut into networks of /8"),
        (
            {"default-address-pools": [{"base": "172.16.0.0/12", "size": 24}]},
            "bip: 172.17.0.0/16 overlaps 172.16.0.0/12",
        ),
    ],
)
def test_wrong_values_are_named(settings, words):
    assert words in told(**settings)


def test_pools_stay_out_of_reserved_networks():
    pools = [{"base": "10.0.0.0/8", "size": 24}]
    assert "10.0.0.0/8 overlaps 10.20.0.0/16 (docker_reserved_networks)" in told(
        policy={"reserved_networks": ["10.20.0.0/16", "fd00::/8", "bad"]}, **{"default-address-pools": pools}
    )


def test_live_restore_in_a_swarm_is_refused():
    assert "live-restore: the host is in a swarm" in told({"SWARM": "active"})
    assert told({"SWARM": "active"}, **{"live-restore": False}) == ""
    assert told({"SWARM": "inactive"}) == ""


@pytest.mark.parametrize(
    ("flag", "settings"),
    [
        ("-H tcp://127.0.0.1:2375", {"hosts": ["fd://"]}),
        ("--log-driver=journald", {}),
        ("--registry-mirror https://m", {"registry-mirrors": ["https://n"]}),
    ],
)
def test_a_setting_cannot_come_from_the_unit_too(flag, settings):
    assert "docker.service" in told({"EXEC_START": f"/usr/sbin/dockerd {flag}"}, **settings)


def test_foreign_content_is_not_lost_unasked():
    host = {"DAEMON_JSON": json.dumps({"data-root": "/mnt/docker", "log-driver": "journald"})}
    assert "somebody else and has data-root, which would be lost" in told(host)
    assert told(host, **{"data-root": "/mnt/docker"}) == ""
    assert told(host, {"dropped": ["data-root"]}) == ""
    assert told(host, {"replace_foreign": True}) == ""
    assert told({**host, "DAEMON_JSON_IS_OURS": "yes"}) == ""


@pytest.mark.parametrize("text", ["{broken", "[]", '"text"'])
def test_a_broken_file_of_somebody_else_is_named(text):
    assert "/etc/docker/daemon.json is not a JSON object" in told({"DAEMON_JSON": text})


def test_remapping_with_data_needs_consent():
    host = {"DAEMON_JSON": "{}", "HAS_DATA": "yes"}
    assert "userns-remap changes from off to default" in told(host, **{"userns-remap": "default"})
    assert told(host, {"migrate_userns": True}, **{"userns-remap": "default"}) == ""
    assert told({"DAEMON_JSON": "{}"}, **{"userns-remap": "default"}) == ""
    remapped = {**host, "DAEMON_JSON": '{"userns-remap": "default"}', "DAEMON_JSON_IS_OURS": "yes"}
    assert "from default to off" in told(remapped)


@pytest.mark.parametrize(
    ("current", "wanted", "stale", "how"),
    [
        ({"icc": False}, {"icc": False}, "", "nothing"),
        ({"icc": False}, {"icc": False}, "yes", "restart"),
        ({"debug": True}, {"debug": False}, "", "reload"),
        ({"debug": True}, {}, "", "restart"),
        ({"live-restore": True}, {"live-restore": False}, "", "reload"),
        ({"live-restore": True}, {}, "", "restart"),
        ({}, {"registry-mirrors": ["https://m"]}, "", "reload"),
        ({}, {"live-restore": True}, "", "reload"),
        ({}, {"live-restore": True, "icc": False}, "", "reload and restart"),
        ({"live-restore": True}, {"live-restore": True, "icc": False}, "", "restart"),
        ({"live-restore": True}, {"icc": False}, "", "restart"),
    ],
)
def test_a_change_takes_effect_as_gently_as_it_can(current, wanted, stale, how):
    assert effect(wanted, {"DAEMON_JSON": json.dumps(current), "STALE": stale}) == how


PEM = "-----BEGIN CERTIFICATE-----\nMIIB+w==\n-----END CERTIFICATE-----\n"
INPUTS = {
    "docker_reserved_networks": ["10.20.0.0/24", "2001:db8::/32"],
    "docker_registry_mirrors": ["https://mirror.example.org", "http://10.0.0.2:5000/"],
    "docker_insecure_registries": ["10.0.0.2:5000", "registry", "10.0.0.0/8", "[2001:db8::1]:5000"],
    "docker_registry_ca_certificates": {"registry.example.org:5000": PEM},
    "docker_ca_certificates": f"# ours\n{PEM}{PEM}",
    "docker_proxy": {"https": "http://me:secret@proxy.example.org:3128", "no_proxy": "localhost, 10.0.0.0/8"},
    "docker_prune_enabled": True,
    "docker_prune_calendar": "Mon *-*-* 03:00",
    "docker_prune_age": "1h30m",
}


def test_inputs_beside_the_settings_are_well():
    assert problems({}, {}, {"inputs": INPUTS}) == []


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("docker_reserved_networks", ["the VPC"], "'the VPC' is not a valid network, for example 10.20.0.0/24."),
        ("docker_reserved_networks", ["10.20.0.1/24"], "'10.20.0.1/24' is not a valid network"),
        ("docker_registry_mirrors", ["mirror.example.org"], "'mirror.example.org' is not a valid URL"),
        ("docker_insecure_registries", ["http://a:5000"], "'http://a:5000' is not a valid host:port"),
        ("docker_registry_ca_certificates", {"../../x": PEM}, "'../../x' is not a valid host:port"),
        (
            "docker_registry_ca_certificates",
            {"a:5000": "x"},
            "docker_registry_ca_certificates.a:5000: this is not a certificate.",
        ),
        ("docker_ca_certificates", "none", "docker_ca_certificates: this is not a certificate. Give PEM text"),
        ("docker_proxy", {"https": 'http://a"\nExecStart=x'}, "docker_proxy.https: this is not a valid URL"),
        ("docker_prune_age", "a week", "docker_prune_age: 'a week' is not a valid duration, for example 168h."),
    ],
)
def test_a_fault_of_an_input_is_named(name, value, words):
    (fault,) = problems({}, {}, {"inputs": {**INPUTS, name: value}})
    assert words in fault


def test_what_the_host_does_not_know_is_named():
    host = {"MISSING_USERS": " nobody-here", "NO_CALENDAR": "yes"}
    assert problems({}, host, {"inputs": {**INPUTS, "docker_prune_calendar": "sometimes"}}) == [
        "docker_prune_calendar: systemd knows no 'sometimes'. Write it as systemd does, for example weekly.",
        "docker_users: the host has no user nobody-here. Make it first, or take the name out.",
    ]
    off = {**INPUTS, "docker_prune_enabled": False, "docker_prune_age": "never"}
    assert problems({}, {"NO_CALENDAR": "yes"}, {"inputs": off}) == []


KNOWN = {"engine": ["docker.io"], "compose": ["docker-compose-v2"]}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ""),
        (
            {"known": {}, "plugins": []},
            "no packages of Docker are known for debian-11. Set docker_packages_source: docker.",
        ),
        (
            {"plugins": ["compose", "scout"]},
            "debian-11 packages no Docker plugin scout. Set docker_packages_source: docker, or docker_plugins: []",
        ),
        (
            {"version": "1; rm"},
            "docker_version: 1; rm is not a valid version. Write it as apt does, for example 26.1.*",
        ),
        ({"version": "5:26.1.*"}, ""),
    ],
)
def test_packages_that_are_not_there_are_named(given, words):
    packages = {"release": "debian-11", "known": KNOWN, "plugins": ["compose"], "version": "", **given}
    assert " | ".join(problems({}, {}, {"packages": packages})).startswith(words)
