# SPDX-License-Identifier: GPL-3.0-or-later
"""Apps that are not ours, from their files alone: init.yml, the additions that docs/sandbox.md names, site.yml. On one
droplet, one after the other; the first one is the tutorial's."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.driver import ROOT, cloud, http
from tests.strangers.someone import APPS, Stranger, settings
from tests.tutorial.tutorial import END, PROMISED, Tutorial, beginning, difference

GUIDE = """\
NODE_ENV=production
DATABASE_URL=postgres://izzzi:izzzi@postgres:5432/izzzi
REDIS_URL=redis://redis:6379
JWT_SECRET=change-me
MAIL_HOST=localhost
MAIL_FROM="Izzzi <no-reply@izzzi.invalid>"
NEXT_PUBLIC_API_BASE_URL=http://localhost/api
"""


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory) -> Iterator[Tutorial]:
    """Follow the page with a strategy that is quicker; nothing that it shows depends on it."""
    with beginning(tmp_path_factory.mktemp("tutorial"), quickly=True) as somebody:
        yield somebody


@pytest.fixture(scope="module")
def config(tutorial: Tutorial) -> Path:
    """The home is the tutorial's, whose droplet all share."""
    return settings(tutorial.home)


@pytest.fixture
def stranger(tmp_path: Path, config: Path) -> Iterator:
    """Make somebody of an app, who takes it away at the end, so that the droplet is free for the next one."""
    made = []

    def make(app: Path) -> Stranger:
        shutil.copytree(app, tmp_path / "app", ignore=shutil.ignore_patterns("node_modules", "dist", ".next"))
        made.append(Stranger(tmp_path, tmp_path / "app", config))
        return made[0]

    yield make
    if (made[0].inventory / "group_vars/all/vault.yml").exists():
        run = made[0].play("remove", "-e", "confirm=corner")
        assert run.status == 0, run.output


def test_one_service_without_a_database_as_the_tutorial_has_it(tutorial, config):
    """Whose answers are those of docs/tutorial.md: the app's own at the end, and that a second run changes nothing."""
    made = tutorial.follow(until=END)
    assert 0 < tutorial.seconds < PROMISED
    assert difference(made, is_end=False) == ""
    assert "<h1>Good morning</h1>" in made
    tutorial.shell.type("ansible-playbook -i inventories/dev izzzi.infra.remove -e confirm=corner")


def test_an_api_a_worker_and_a_database_of_a_compose_file(stranger):
    """Where a proxy with a CA of its own is in between, the build fails first, and says which line to write."""
    someone = stranger(APPS / "jobs")
    someone.begin()
    run = someone.play("site")
    if run.status:
        assert "a proxy with a CA of its own" in run.output, run.output
        (line,) = set(re.findall(r"RUN --mount=type=secret,id=ca_bundle.*npm install --omit=dev", run.output))
        dockerfile = someone.app / "api/Dockerfile"
        dockerfile.write_text(dockerfile.read_text().replace("RUN npm install --omit=dev", line))
        with (someone.inventory / "group_vars/all/app.yml").open("a") as file:
            file.write("app_build_ca_bundle: /usr/lib/izzzi-sandbox/ca-certificates.crt\n")
        run = someone.play("site")
    assert run.status == 0, run.output
    site = f"http://{someone.address}"
    assert http(f"{site}/drawer", "POST").status == 200
    deadline = time.monotonic() + 20
    while (found := http(site).json) != [{"word": "drawer", "done": "reward"}] and time.monotonic() < deadline:
        time.sleep(0.2)
    assert found == [{"word": "drawer", "done": "reward"}], "the worker has the same database"
    status = someone.play("status", "-e", "format=json")
    assert status.status == 0, status.output


def test_the_monorepo_of_the_guide(stranger):
    someone = stranger(ROOT / "examples/app")
    (someone.app / ".env.example").write_text(GUIDE)
    someone.begin()
    more = {"app_build_ca_bundle": "/usr/lib/izzzi-sandbox/ca-certificates.crt"}
    run = someone.play("site", "-e", json.dumps(more))
    assert run.status == 0, run.output
    health = http(f"http://{someone.address}/api/health").json
    assert (health["status"], health["checks"]) == ("ok", {"postgres": "ok", "redis": "ok"})
    page = http(f"http://{someone.address}/")
    assert page.status == 200
    assert "<html" in page.body
    sealed = [ROOT / ".venv/bin/ansible-vault", "view", someone.inventory / "group_vars/all/vault.yml"]
    options = {"cwd": someone.folder, "env": {**os.environ, **someone.environment}, "capture_output": True}
    plain = subprocess.run(sealed, **options, text=True, check=True).stdout
    values = re.findall(r': "(.*)"', plain)
    assert len(values) >= 4
    assert [value for value in values if value in run.output] == []


def test_the_tutorial_leaves_nothing(tutorial, config):
    assert difference(tutorial.follow(), is_end=True) == ""
    assert cloud("/droplets?name=corner-dev-app")["droplets"] == []
