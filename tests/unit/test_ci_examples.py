# SPDX-License-Identifier: GPL-3.0-or-later
"""The workflows of examples/ci call the program that tests/e2e/test_9_ci.py runs, with three secrets."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CI = ROOT / "examples/ci"
SECRETS = {"DIGITALOCEAN_TOKEN", "VAULT_PASSWORD", "SSH_PRIVATE_KEY"}


class Loader(yaml.SafeLoader):
    """Takes `on` as a word, as GitHub does."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize(("job", "event"), [("plan", "pull_request"), ("deploy", "push")])
def test_github(job, event):
    workflow = yaml.load((CI / "github.yml").read_text(), Loader)
    assert event in workflow["on"]
    assert workflow["concurrency"]["cancel-in-progress"] == "false"
    (step,) = [step for step in workflow["jobs"][job]["steps"] if "izzzi-ci" in step.get("run", "")]
    assert step["run"] == f"examples/ci/izzzi-ci {job} production"
    assert step["env"] == {name: f"${{{{ secrets.{name} }}}}" for name in SECRETS}
    assert event in workflow["jobs"][job]["if"]


def test_github_plans_nothing_for_strangers():
    job = yaml.load((CI / "github.yml").read_text(), Loader)["jobs"]["plan"]
    assert "head.repo.full_name == github.repository" in job["if"]
    assert "pull_request_target" not in (CI / "github.yml").read_text()


@pytest.mark.parametrize("job", ["plan", "deploy"])
def test_gitlab(job):
    pipeline = yaml.safe_load((CI / "gitlab.yml").read_text())
    assert pipeline[job]["script"] == [f"examples/ci/izzzi-ci {job} production"]
    assert pipeline["default"]["resource_group"]
    assert pipeline["default"]["interruptible"] is False


def test_every_secret_is_asked_for_and_documented():
    program, document = (CI / "izzzi-ci").read_text(), (ROOT / "docs/ci.md").read_text()
    for name in SECRETS:
        assert name in program
        assert f"| `{name}` |" in document


def test_the_packages_of_a_runner_are_those_that_are_pinned():
    text = (ROOT / "requirements.txt").read_text()
    for name in ("ansible", "mitogen", "jmespath"):
        assert f"\n{name}==" in f"\n{text}"
