# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._compose.judge import compose_problems, explain

# As Compose 2.26 and 2.39 say it.
SAID = {
    "services.web Additional property enviroment is not allowed": (
        "app_compose_services.web: Compose does not take `enviroment` here. Did you mean `environment`?"
    ),
    "services.web additional properties 'enviroment' not allowed": (
        "app_compose_services.web: Compose does not take `enviroment` here. Did you mean `environment`?"
    ),
    "services.web.healthcheck Additional property tst is not allowed": (
        "app_compose_services.web.healthcheck: Compose does not take `tst` here. Did you mean `test`?"
    ),
    "services Additional property w b is not allowed": "app_compose_services: Compose does not take `w b` here.",
    "error while interpolating services.web.environment.T: required variable T is missing a value: must be set": (
        "app_compose_services.web.environment.T needs ${T} (must be set), and nothing defines it:"
        " app_compose_env or app_compose_secret_env."
    ),
    "error while interpolating services.web.environment.T: required variable T is missing a value": (
        "app_compose_services.web.environment.T needs ${T}, and nothing defines it:"
        " app_compose_env or app_compose_secret_env."
    ),
    'service "web" refers to undefined volume nowhere: invalid compose project': (
        "app_compose_services.web refers to undefined volume nowhere. Declare it in app_compose_volumes."
    ),
    'service "web" depends on undefined service "nobody": invalid compose project': (
        'app_compose_services.web depends on undefined service "nobody".'
    ),
    "decoding failed: error decoding 'services[web].mem_limit': invalid size: 'lots'": (
        "app_compose_services.web.mem_limit: Compose refuses it: invalid size: 'lots'"
    ),
    "invalid interpolation format for services.web.environment.A. You may need to escape any $ with another $. ${X": (
        "app_compose_services.web.environment.A: Compose refuses it: You may need to escape any $ with another $. ${X"
    ),
    "services.web.command must be a null": "app_compose_services.web.command: Compose refuses it: must be a null",
    "unknown command: docker compose": (
        "This host's Docker has no Compose plugin. Install it, for example with the role izzzi.infra.docker."
    ),
    "Invalid containerPort: def": None,
}


@pytest.mark.parametrize(("said", "told"), SAID.items())
def test_compose_is_quoted_in_the_words_of_the_declaration(said, told):
    assert explain(said, "app_compose_services") == told


def test_a_complaint_without_a_place_gets_the_service_that_draws_it_alone(transaction, tmp_path, monkeypatch):
    """A stand-in for Compose, which molecule meets: it complains of a word without saying where that stands."""
    programs = tmp_path / "bin"
    programs.mkdir()
    body = f"""#!/bin/sh
echo "$*" >> {tmp_path}/asked
while [ "$1" != --file ]; do shift; done
if grep -q odd "$2"; then echo "Invalid containerPort: odd" >&2; exit 15; fi
"""
    (programs / "docker").write_text(body)
    (programs / "docker").chmod(0o755)
    services = {"api": {"image": "x:1"}, "web": {"image": "x:1", "ports": ["odd"]}}
    t = transaction(app={"services": services})
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    assert compose_problems(t, "r1") == ["app_compose_services.web: Compose refuses it: Invalid containerPort: odd"]
    assert "--project-name shop-blue " in (tmp_path / "asked").read_text()
    assert not list(t.app.directory.rglob("*")), "nothing of it stays in the app's directory"
