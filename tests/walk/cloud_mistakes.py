# SPDX-License-Identifier: GPL-3.0-or-later
"""Mistakes in a declaration. Each puts one into correct arguments, and returns what the refusal must name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Declared = dict[str, Any]
APP = {"size": "s-1vcpu-1gb", "image": "debian-13-x64"}


def _unknown_size(declared: Declared) -> str:
    declared["droplets"]["new"] = {**APP, "size": "s-99vcpu"}
    return "s-99vcpu"


def _unknown_image(declared: Declared) -> str:
    declared["droplets"]["new"] = {**APP, "image": "debian-99-x64"}
    return "debian-99-x64"


def _unknown_option(declared: Declared) -> str:
    declared["droplets"]["new"] = {**APP, "imgae": "debian-13-x64"}
    return "imgae"


def _negative_count(declared: Declared) -> str:
    declared["droplets"]["new"] = {**APP, "count": -1}
    return "droplets.new.count"


def _bad_port(declared: Declared) -> str:
    rule = {"protocol": "tcp", "ports": "99999", "sources": {"members": True}}
    declared["firewalls"] = {"web": {"inbound": [rule]}}
    return "99999"


def _open_ssh(declared: Declared) -> str:
    rule = {"protocol": "tcp", "ports": "22", "sources": {"addresses": ["0.0.0.0/0"]}}
    declared["firewalls"] = {"web": {"inbound": [rule]}}
    return "SSH"


def _address_for_nobody(declared: Declared) -> str:
    declared["reserved_ip"] = {"droplets": "nobody"}
    return "reserved_ip.droplets: 'nobody'"


def _foreign_address(declared: Declared) -> str:
    declared["droplets"]["new"] = APP
    declared["reserved_ip"] = {"droplets": "new", "ip": "192.0.2.200"}
    return "192.0.2.200"


def _volume_for_nobody(declared: Declared) -> str:
    declared["volumes"] = {"data": {"droplets": "nobody", "size": 1}}
    return "nobody"


def _record_without_data(declared: Declared) -> str:
    declared["domain"] = {"name": "own.test", "hosts": [], "records": [{"type": "MX", "priority": 10}]}
    return "domain.records"


def _alias_beside(declared: Declared) -> str:
    records = [{"type": "CNAME", "name": "x", "data": "www"}, {"type": "TXT", "name": "x", "data": "y"}]
    declared["domain"] = {"name": "own.test", "hosts": [], "records": records}
    return "CNAME"


def _unknown_region(declared: Declared) -> str:
    declared["region"] = "mars1"
    return "mars1"


def _taken_range(declared: Declared) -> str:
    declared["vpc"] = {"ip_range": "10.245.0.0/16"}
    return "10.245.0.0/16"


def _unknown_project(declared: Declared) -> str:
    declared["do_project"] = {"id": "6b5c5ef0-0000-4000-8000-000000000000"}
    return "6b5c5ef0-0000-4000-8000-000000000000"


def _alert_of_nothing(declared: Declared) -> str:
    declared["alerts"] = {"cpu": {"type": "cpu_of_the_moon", "value": 1, "emails": ["a@b.test"]}}
    return "cpu_of_the_moon"


def _check_with_a_login(declared: Declared) -> str:
    declared["uptime_checks"] = {"site": {"target": "https://me:secret@own.test", "emails": ["a@b.test"]}}
    return "login"


MISTAKES: dict[str, Callable[[Declared], str]] = {
    mistake.__name__.strip("_").replace("_", " "): mistake
    for mistake in (
        _unknown_size,
        _unknown_image,
        _unknown_option,
        _negative_count,
        _bad_port,
        _open_ssh,
        _address_for_nobody,
        _foreign_address,
        _volume_for_nobody,
        _record_without_data,
        _alias_beside,
        _unknown_region,
        _taken_range,
        _unknown_project,
        _alert_of_nothing,
        _check_with_a_login,
    )
}
