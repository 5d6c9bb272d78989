# SPDX-License-Identifier: GPL-3.0-or-later
"""Two apps on one droplet, as docs/several-apps.md says: an only app becomes one of two; neither notices the other."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import yaml

from tests.e2e.driver import ROOT, http, ssh
from tests.e2e.visitors import visitors
from tests.strangers.someone import APPS, Stranger, newcomer

BLOG = """\
app_source: {{path: {app}}}
app_data_services: {{redis: {{}}}}
app_services:
  page:
    build: {{dockerfile: Dockerfile}}
    port: 8080
    environment: {{GREETING: "{greeting}", PUBLIC_URL: "{{{{ app_url }}}}"}}
    checks: [{{path: /healthz, contains: ok}}]
app_site:
  server_names: [blog.several.test]
  locations: [{{path: /, service: page}}]
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory) -> Iterator[Path]:
    with newcomer(tmp_path_factory.mktemp("config"), "several") as file:
        yield file


class Owner(Stranger):
    """Somebody with several apps in one environment."""

    def on_droplet(self, command: str) -> str:
        line = ssh(self.address, command, known_hosts=self.home / ".ssh/known_hosts")
        line[line.index("-i") + 1] = self.home / ".ssh/id_ed25519"
        return subprocess.run(line, capture_output=True, text=True, timeout=120, check=True).stdout

    def containers(self, app: str) -> set[str]:
        """Every container of an app, by its id and the moment of its start."""
        names = self.on_droplet("sudo docker ps --no-trunc --format '{{.ID}} {{.Names}}'").splitlines()
        ids = [line.split()[0] for line in names if re.match(rf"{app}-", line.split()[1])]
        shown = self.on_droplet(f"sudo docker inspect --format '{{{{.Id}}}} {{{{.State.StartedAt}}}}' {' '.join(ids)}")
        return set(shown.splitlines())

    def page(self, name: str) -> str:
        answer = http(f"http://{self.address}/", headers={"Host": f"{name}.several.test"})
        assert answer.status == 200
        return answer.body

    def visitors(self, name: str) -> AbstractContextManager[Counter]:
        """Forty requests a second."""
        return visitors(self.address, paths=["/"] * 4, headers={"Host": f"{name}.several.test"}, pause=0.1)

    def secrets(self, file: str) -> dict[str, str]:
        command = [ROOT / ".venv/bin/ansible-vault", "view", self.inventory / file]
        environment = {**self.environment, "PATH": "/usr/bin:/bin"}
        return yaml.safe_load(subprocess.run(command, env=environment, capture_output=True, check=True).stdout)


def test_two_apps_on_one_droplet(tmp_path: Path, config: Path):
    owner = Owner(tmp_path, APPS / "page", config, "several")
    owner.begin()
    run = owner.play("site")
    assert run.status == 0, run.output

    # The only app becomes one of two, and keeps its name.
    shop, blog = owner.inventory / "host_vars/several", owner.inventory / "host_vars/blog"
    for folder in (shop, blog):
        folder.mkdir(parents=True)
    app = owner.inventory / "group_vars/all/app.yml"
    text = app.read_text()
    (shop / "app.yml").write_text(
        re.sub(r"^app_site:.*\n", "app_site:\n  server_names: [shop.several.test]\n", text, flags=re.M)
    )
    app.unlink()
    (blog / "app.yml").write_text(BLOG.format(app=APPS / "page", greeting="A first word"))
    run = owner.play("site")
    assert run.status == 0, run.output
    assert "<h1>Good morning</h1><p>http://shop.several.test</p>" in owner.page("shop")
    assert "<h1>A first word</h1><p>http://blog.several.test</p>" in owner.page("blog")
    assert {"vault_app_redis_password"} == set(owner.secrets("host_vars/blog/vault.yml"))
    assert {"vault_operator_password"} <= set(owner.secrets("group_vars/all/vault.yml"))
    again = owner.play("site")
    assert (again.status, again.total("changed")) == (0, 0), again.output

    status = owner.play("status", "-e", "format=json")
    assert status.status == 0, status.output
    assert set(re.findall(r"url\W+http://(\w+)", status.output)) >= {"blog", "shop"}, status.output
    refused = owner.play("restart")
    assert refused.status
    assert "restart.yml is for one app, and there are blog, several. Say which: -e app=NAME." in refused.output

    # A deploy of the one, while visitors are at the other.
    before = owner.containers("several")
    (blog / "app.yml").write_text(BLOG.format(app=APPS / "page", greeting="Another word"))
    with owner.visitors("shop") as shops, owner.visitors("blog") as blogs:
        run = owner.play("deploy", "-e", "app=blog")
    assert run.status == 0, run.output
    assert set(shops) == set(blogs) == {200}, (shops, blogs)
    assert shops[200] > 100
    assert "Another word" in owner.page("blog")
    assert owner.containers("several") == before
    assert "several" not in run.recap

    # One goes; the other stays, and so it is after the next runs.
    with owner.visitors("shop") as shops:
        run = owner.play("remove", "-e", "app=blog", "-e", "confirm=blog")
        assert run.status == 0, run.output
        for file in blog.iterdir():
            file.unlink()
        blog.rmdir()
        run = owner.play("site")
        assert run.status == 0, run.output
    assert set(shops) == {200}, shops
    assert owner.containers("several") == before
    left = owner.on_droplet("sudo ls /etc/nginx/sites-available /etc/nginx/sites-enabled /etc/izzzi/apps").split()
    assert "several" in left
    assert [name for name in left if name.startswith("blog")] == []
    again = owner.play("site")
    assert (again.status, again.total("changed")) == (0, 0), again.output
