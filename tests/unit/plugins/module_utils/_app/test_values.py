from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.values import (
    SpecError,
    healthcheck,
    mounts,
    nanoseconds,
    pairs,
    published,
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
        ("80", ("", 0, 80, "tcp")),
        ("8080:80", ("", 8080, 80, "tcp")),
        ("127.0.0.1:53:53/udp", ("127.0.0.1", 53, 53, "udp")),
        ("[::1]:8080:80", ("::1", 8080, 80, "tcp")),
        ({"published": "8080", "target": 80, "host_ip": "127.0.0.1"}, ("127.0.0.1", 8080, 80, "tcp")),
    ],
)
def test_published_ports(given, parsed):
    assert published(given) == parsed


def test_a_range_of_ports_is_refused():
    with pytest.raises(SpecError, match="is a range"):
        published("8000-8010:80")
