# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.values import (
    Mount,
    Port,
    SpecError,
    healthcheck,
    mounts,
    nanoseconds,
    pairs,
    published,
    read_mount,
    read_port,
    size,
    words,
)


def test_durations_and_sizes():
    assert [nanoseconds(value) for value in ("10s", "1m30s", "250ms", 5)] == [10**10, 9 * 10**10, 25 * 10**7, 5 * 10**9]
    assert [size(value) for value in ("512M", "128mb", "1g", "1GiB", 7)] == [2**29, 2**27, 2**30, 2**30, 7]


@pytest.mark.parametrize(("convert", "value"), [(nanoseconds, "10"), (nanoseconds, "s"), (size, "much")])
def test_what_is_none_is_named(convert, value):
    with pytest.raises(SpecError, match=repr(value)):
        convert(value)


def test_commands_and_environments_have_two_forms():
    assert words("sh -c 'a b'") == words(["sh", "-c", "a b"]) == ["sh", "-c", "a b"]
    assert pairs({"A": 1, "B": True, "C": None}) == {"A": "1", "B": "true", "C": None}
    assert pairs(["A=1", "B=x=y", "C"]) == {"A": "1", "B": "x=y", "C": None}


def test_mounts():
    service = {
        "volumes": ["data:/data", "/etc/app:/app:ro", {"type": "volume", "source": "kept", "target": "/kept"}, "/anon"],
        "tmpfs": "/tmp",
        "shm_size": "128mb",
    }
    assert mounts(service, "shop", {"data": None, "kept": {"name": "other"}}) == [
        {"Type": "volume", "Source": "shop_data", "Target": "/data"},
        {"Type": "bind", "Source": "/etc/app", "Target": "/app", "ReadOnly": True},
        {"Type": "volume", "Source": "other", "Target": "/kept"},
        {"Type": "volume", "Target": "/anon"},
        {"Type": "tmpfs", "Target": "/tmp"},
        {"Type": "tmpfs", "Target": "/dev/shm", "TmpfsOptions": {"SizeBytes": 2**27}},
    ]
    with pytest.raises(SpecError, match="'data' is not declared"):
        mounts({"volumes": ["data:/data"]}, "shop", {})


@pytest.mark.parametrize(
    ("declared", "mount"),
    [
        ({"external": True}, {"Source": "data"}),
        (
            {"driver_opts": {"type": "nfs", "device": ":/data"}},
            {
                "Source": "shop_data",
                "VolumeOptions": {"DriverConfig": {"Name": "local", "Options": {"type": "nfs", "device": ":/data"}}},
            },
        ),
    ],
)
def test_a_volume_is_mounted_as_it_is_declared(declared, mount):
    wanted = {"Type": "volume", "Target": "/data", **mount}
    assert mounts({"volumes": ["data:/data"]}, "shop", {"data": declared}) == [wanted]


def test_health_checks():
    declared = {"test": "curl x", "interval": "5s", "timeout": "1s", "start_period": "1m", "retries": 3}
    assert healthcheck(declared) == {
        "Test": ["CMD-SHELL", "curl x"],
        "Interval": 5 * 10**9,
        "Timeout": 10**9,
        "StartPeriod": 60 * 10**9,
        "Retries": 3,
    }
    assert healthcheck({"test": ["CMD", "true"]}) == {"Test": ["CMD", "true"]}
    assert healthcheck({"disable": True}) == {"Test": ["NONE"]}
    assert healthcheck({"interval": 1}) == {"Interval": 10**9}


@pytest.mark.parametrize(
    ("given", "parsed"),
    [
        ("80", Port("", 0, 0, 80)),
        (80, Port("", 0, 0, 80)),
        ("8080:80", Port("", 8080, 8080, 80)),
        ("127.0.0.1:8080:80", Port("127.0.0.1", 8080, 8080, 80)),
        ("127.0.0.1:53:53/udp", Port("127.0.0.1", 53, 53, 53, "udp")),
        ("10.0.0.5::80", Port("10.0.0.5", 0, 0, 80)),
        ("[::1]:8080:80", Port("::1", 8080, 8080, 80)),
        ("[::]:53:53/udp", Port("::", 53, 53, 53, "udp")),
        ("0.0.0.0:8000-8002:80-82", Port("0.0.0.0", 8000, 8002, 80)),
        ({"published": "8080", "target": 80, "host_ip": "127.0.0.1"}, Port("127.0.0.1", 8080, 8080, 80)),
        ({"published": "8080-8081", "target": 80, "protocol": "udp"}, Port("", 8080, 8081, 80, "udp")),
        ({"target": 80}, Port("", 0, 0, 80)),
    ],
)
def test_published_ports(given, parsed):
    assert read_port(given) == parsed


@pytest.mark.parametrize(
    "given", ["no", "", "80:", "9-1:80", "70000:80", "1:2:3:4", "x:1:2", {}, {"target": "web"}, "²:1"]
)
def test_what_is_not_a_port_is_refused_by_name(given):
    with pytest.raises(SpecError, match=r"service web: .* is not a published port, for example 127.0.0.1:8080:80"):
        list(published({"quiet": None, "web": {"ports": [given]}}))


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("db:/data", Mount("volume", "db", "/data")),
        ("db:/data:ro", Mount("volume", "db", "/data", True)),
        ("/srv:/data:ro,z", Mount("bind", "/srv", "/data", True)),
        ("/data", Mount("volume", "", "/data")),
        ({"type": "bind", "source": "/a", "target": "/b", "read_only": True}, Mount("bind", "/a", "/b", True)),
        ({"type": "tmpfs", "target": "/tmp"}, Mount("tmpfs", "", "/tmp")),
        ({"source": "db", "target": "/data"}, Mount("volume", "db", "/data")),
    ],
)
def test_mounts_are_read_in_all_their_forms(given, read):
    assert read_mount(given) == read
