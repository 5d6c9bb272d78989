# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess

import pytest
from ansible_collections.izzzi.infra.plugins.modules.app_image import ARGUMENT_SPEC, main, of

DEFAULTS = {name: option.get("default") for name, option in ARGUMENT_SPEC.items()}


@pytest.fixture
def arguments(tmp_path) -> dict:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    subprocess.run(["tar", "-czf", tmp_path / "a.tar.gz", "-C", tmp_path, "Dockerfile"], check=True)
    services = {"api": {"build": {}}, "mail": {"image": "x:1"}}
    registry = {"registry": "127.0.0.1:1", "username": "robot", "password": "hunter22"}
    return {"archive": str(tmp_path / "a.tar.gz"), "project": "shop", "release": "r1", "services": services, **registry}


def test_a_check_builds_nothing(run_module, arguments, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin/../lib/no-programs")
    result = run_module(main, arguments, check=True)
    assert (result["changed"], result["images"], result["missing"]) == (True, {}, ["api", "mail"])


def test_a_machine_without_docker_is_told_so(run_module, arguments, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin/../lib/no-programs")
    failed = run_module(main, arguments)
    assert failed["msg"].startswith("Release r1 is not live.\ntar is not installed on this host.")
    assert failed["msg"].endswith("No release is live.")
    assert "hunter22" not in str(failed)


def test_what_serves_meanwhile_is_said(run_module, arguments, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin/../lib/no-programs")
    failed = run_module(main, {**arguments, "serving": "r0"})
    assert failed["msg"].endswith("Release r0 goes on serving.")


@pytest.mark.parametrize(
    ("service", "asked_for"),
    [
        ({"image": "x:${TAG}"}, "x:7"),
        ({"image": "x:${NONE:-8}-${RELEASE}"}, "x:8-r1"),
        ({"build": {}}, "127.0.0.1:1/shop/api:r1"),
    ],
)
def test_an_image_is_asked_for_with_its_variables_filled_in(arguments, service, asked_for):
    images = of({**DEFAULTS, **arguments, "services": {"api": service}, "env": {"TAG": 7}})
    assert images.reference("api") == asked_for


def test_a_build_argument_is_given_with_its_variables_filled_in(arguments, tmp_path):
    service = {"build": {"args": {"V": "${TAG}", "W": "${NONE:-8} ${RELEASE}"}}}
    images = of({**DEFAULTS, **arguments, "services": {"api": service}, "env": {"TAG": 7}})
    assert "--build-arg V=7 --build-arg W=8 r1" in " ".join(images.build_command("api", tmp_path))
