# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace

from ansible_collections.izzzi.infra.plugins.module_utils._compose.problems import problems


def test_what_would_stop_a_run_is_told_before_anything_is_touched(transaction):
    t = transaction(app={"services": {"api": {"build": {"args": {"T": "${TOKEN}"}}, "environment": {"A": "${WHAT}"}}}})
    found = problems(t, is_new=True, check_mode=False)
    assert "app_compose_services.api.environment.A needs ${WHAT}, and nothing defines it" in found[0]
    assert "image layers keep build arguments" in found[1]
    assert "This host has no Docker" in found[2]


def test_too_little_space_and_a_missing_site_are_told(transaction, tmp_path, monkeypatch):
    (tmp_path / "no-programs").mkdir()
    docker = tmp_path / "no-programs" / "docker"
    docker.write_text("#!/bin/sh\n")
    docker.chmod(0o755)
    t = transaction(edge_directory=str(tmp_path / "edge"), free_space=2**40)
    found = problems(t, is_new=True, check_mode=False)
    assert "nginx has no site for this app" in found[0]
    assert "MiB are free; a new release needs" in found[1]
    assert problems(replace_options(t, free_space=0, edge_directory=""), is_new=True, check_mode=False) == []


def replace_options(t, **values):
    t.options = replace(t.options, **values)
    return t
