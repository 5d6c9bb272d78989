# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host.updates import (
    Apt,
    Host,
    Package,
    engine,
    newer_kernel,
    parse,
    read_host,
    reboot_reasons,
    start_seconds,
)

SIMULATED = """NOTE: This is only a simulation!
Inst openssl [3.5.1-1] (3.5.4-1~deb13u1 Debian:13.2/stable [amd64])
Inst linux-image-6.12.57+deb13-cloud-amd64 (6.12.57-1 Debian:13.2/stable [amd64])
Inst containerd [1.7.24~ds1-6+b4] (1.7.24~ds1-6+b5 Debian:13.2/stable [amd64]) []
Conf openssl (3.5.4-1~deb13u1 Debian:13.2/stable [amd64])
"""
PACKAGES = parse(SIMULATED)
CLOUD = ("6.12.43+deb13-cloud-amd64", "6.12.57+deb13-cloud-amd64", "6.12.9+deb13-cloud-amd64")


def test_what_apt_would_do_is_read():
    assert parse(SIMULATED) == [
        Package("openssl", "3.5.1-1", "3.5.4-1~deb13u1"),
        Package("linux-image-6.12.57+deb13-cloud-amd64", "", "6.12.57-1"),
        Package("containerd", "1.7.24~ds1-6+b4", "1.7.24~ds1-6+b5"),
    ]
    assert parse("") == []


def test_packages_of_the_engine_are_named():
    assert engine(PACKAGES) == ["containerd"]
    assert engine([Package(name, "1", "2") for name in ("docker-cli", "docker-buildx", "runcible")]) == []


@pytest.mark.parametrize(
    ("host", "pending", "reasons"),
    [
        (Host(), [], []),
        (Host(marked=True), [], ["an update asks for it"]),
        (Host(marked=True, packages=("libc6", "dbus")), [], ["an update asks for it (libc6, dbus)"]),
        (Host(running=CLOUD[0], kernels=CLOUD), [], [f"kernel {CLOUD[1]} is installed, and {CLOUD[0]} runs"]),
        (Host(running=CLOUD[1], kernels=CLOUD), [], []),
        (Host(running=CLOUD[0], kernels=CLOUD[:1]), PACKAGES, ["kernel 6.12.57+deb13-cloud-amd64 would come"]),
    ],
)
def test_a_host_says_why_it_has_to_reboot(host, pending, reasons):
    assert reboot_reasons(host, pending) == reasons


@pytest.mark.parametrize(
    ("running", "kernels", "newer"),
    [
        ("6.8.0-45-generic", ["6.8.0-45-generic", "6.8.0-101-generic"], "6.8.0-101-generic"),
        ("6.1.0-25-amd64", ["6.1.0-25-amd64", "6.1.0-26-cloud-amd64"], ""),
        ("6.1.0-25-amd64", ["6.1.0-9-amd64", "6.1.0-25-amd64"], ""),
        ("5.10.0-host", ["6.1.0-25-amd64"], ""),  # a container, or a kernel of somebody's own
        ("5.10.0-host", [], ""),
    ],
)
def test_a_newer_kernel_counts_when_it_is_of_the_flavour_that_runs(running, kernels, newer):
    assert newer_kernel(running, kernels) == newer


def test_a_host_is_read(tmp_path):
    (tmp_path / "vmlinuz-6.1.0-25-amd64").touch()
    mark = tmp_path / "reboot-required"
    assert not read_host(mark, tmp_path).marked
    mark.touch()
    (tmp_path / "reboot-required.pkgs").write_text("dbus\ndbus\nlibc6\n")
    found = read_host(mark, tmp_path)
    assert (found.marked, found.packages, found.kernels) == (True, ("dbus", "libc6"), ("6.1.0-25-amd64",))


@pytest.mark.parametrize(
    ("shown", "seconds"),
    [
        ("UserspaceTimestampMonotonic=3000000\nFinishTimestampMonotonic=15400000\n", 12),
        ("UserspaceTimestampMonotonic=3000000\nFinishTimestampMonotonic=0\n", 0),
        ("", 0),
    ],
)
def test_the_last_start_is_measured(shown, seconds):
    assert start_seconds(shown) == seconds


def test_a_check_leaves_the_hosts_own_lists_alone():
    asked = []

    def call(words, **_options):
        asked.append(words)
        return SIMULATED if "--simulate" in words else ""

    apt = Apt(call, 7)
    with apt.fresh(keep=False):
        assert apt.pending() == PACKAGES
    assert all(any("Dir::State::lists=" in word for word in words) for words in asked)
    assert all("DPkg::Lock::Timeout=7" in words for words in asked)
    with apt.fresh(keep=True):
        apt.pending()
    assert not any("Dir::State::lists=" in word for words in asked[2:] for word in words)


def test_the_engine_is_started_again_when_an_upgrade_fails_half_way():
    asked = []

    def call(words, **_options):
        asked.append(words[0])
        if words[0] == "apt-get":
            raise RuntimeError("no space")
        return ""

    with pytest.raises(RuntimeError):
        Apt(call).upgrade()
    assert asked == ["dpkg", "apt-get", "sh"]
