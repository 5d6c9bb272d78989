# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import subprocess

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.values import SpecError
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.container import ENVIRONMENT, environment_script
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.model import Image
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.spec import bundle

from tests.unit.plugins.module_utils._swarm.stack.shop_stack import BACKEND, IMAGES, backend, stack


def test_secret_values_reach_the_container_in_a_file_and_never_the_definition():
    made = bundle(stack())
    spec = made.services["shop_backend"]["TaskTemplate"]["ContainerSpec"]
    (name, content), *others = made.secrets.items()
    assert others == []
    assert content == b"export URL='postgres://:it'\\''s@postgres'\n"
    assert spec["Env"] == ["RELEASE=r1"]
    assert spec["Secrets"][0]["SecretName"] == name
    assert spec["Secrets"][0]["File"]["Name"] == ENVIRONMENT
    assert spec["Command"] == ["/bin/sh", "-c", f'. {ENVIRONMENT} && exec "$@"', "node"]
    assert spec["Args"] == ["node", "main.js"]
    assert "it's" not in repr(made.services)


def test_another_value_is_another_secret_and_another_task():
    one, other = bundle(stack()), bundle(stack(secrets={"PASSWORD": "new"}))
    assert set(one.secrets).isdisjoint(other.secrets)
    marks = [
        made.services["shop_backend"]["TaskTemplate"]["ContainerSpec"]["Labels"]["izzzi.tasks"] for made in (one, other)
    ]
    assert marks[0] != marks[1]
    same = [made.services["shop_postgres"] for made in (one, other)]
    assert same[0] == same[1]


def test_a_secret_anywhere_else_is_refused():
    with pytest.raises(SpecError, match=r"backend: PASSWORD is secret.*`environment` only"):
        backend(command=["run", "--password=${PASSWORD}"])
    assert backend(command=["sh", "-c", "echo $$PASSWORD"])["TaskTemplate"]["ContainerSpec"]["Args"][-1] == (
        "echo $PASSWORD"
    )


def test_a_health_check_reads_the_same_environment():
    made = backend(healthcheck={"test": ["CMD", "redis-cli", "ping"]})
    assert made["TaskTemplate"]["ContainerSpec"]["Healthcheck"]["Test"] == [
        "CMD", "/bin/sh", "-c", f'. {ENVIRONMENT} && exec "$@"', "redis-cli", "redis-cli", "ping",
    ]  # fmt: skip
    made = backend(healthcheck={"test": "redis-cli ping"})
    assert made["TaskTemplate"]["ContainerSpec"]["Healthcheck"]["Test"] == [
        "CMD-SHELL",
        f". {ENVIRONMENT} && redis-cli ping",
    ]


def test_without_a_health_check_the_first_check_is_asked_and_an_images_own_stays():
    health = backend(environment={})["TaskTemplate"]["ContainerSpec"]["Healthcheck"]
    assert "http://127.0.0.1:4000/api/health" in health["Test"][1]
    assert health["StartInterval"] < health["Interval"]
    images = {**IMAGES, "backend": Image("x@sha256:1", "x", (), ("node",), has_healthcheck=True)}
    made = bundle(stack(images=images, services={"backend": {**BACKEND, "environment": {}}}))
    assert "Healthcheck" not in made.services["shop_backend"]["TaskTemplate"]["ContainerSpec"]


def test_an_engine_that_does_not_keep_the_interval_of_the_start_is_not_given_one():
    """Else every plan would find a difference."""
    own = {**BACKEND, "healthcheck": {"test": "true", "start_interval": "2s"}}
    for declared in (BACKEND, own):
        for keeps in (True, False):
            made = bundle(stack(services={"backend": declared}, start_interval=keeps)).services["shop_backend"]
            assert ("StartInterval" in made["TaskTemplate"]["ContainerSpec"]["Healthcheck"]) is keeps


def test_scripts_are_read_by_a_shell_as_they_were_written(tmp_path):
    values = {"A": 'it\'s $HOME `x` "y" \\', "B": "two\nlines"}
    script = tmp_path / "environment"
    script.write_bytes(environment_script(values))
    shown = subprocess.run(
        ["/bin/sh", "-c", f'. {script} && printf "%s|%s" "$A" "$B"'], capture_output=True, check=True
    )
    assert shown.stdout.decode() == f"{values['A']}|{values['B']}"


def test_what_looks_like_a_template_of_swarms_arrives_as_it_was_written():
    text = "Hello {{ user.name }}, {{{x}}} and {{- y -}}"
    made = backend(environment={"GREETING": text}, hostname="{{.Node.ID}}", volumes=["/srv/{{x}}:/a/{{b}}:ro"])
    container = made["TaskTemplate"]["ContainerSpec"]
    opened = '{{"{{"}}'
    assert container["Env"] == [f"GREETING=Hello {opened} user.name }}}}, {opened}{{x}}}}}} and {opened}- y -}}}}"]
    assert container["Hostname"] == f"{opened}.Node.ID}}}}"
    (mount,) = container["Mounts"]
    assert (mount["Source"], mount["Target"]) == (f"/srv/{opened}x}}}}", f"/a/{opened}b}}}}")


def test_a_secret_that_looks_like_a_template_is_not_expanded_anyway():
    made = bundle(stack(secrets={"PASSWORD": "{{ x }}"}))
    assert list(made.secrets.values()) == [b"export URL='postgres://:{{ x }}@postgres'\n"]
