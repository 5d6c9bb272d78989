"""The dynamic inventory, as ansible-inventory reads it from an API that is busy for a moment."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import fragment_loader
from ansible.template import Templar, trust_as_template
from ansible.utils.plugin_docs import get_docstring

from .conftest import ROOT, Sandbox

BODY = {"region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
TAGS = ["izzzi:izzzi:dev", "izzzi:izzzi:dev:web"]
INVENTORIES = sorted(ROOT.glob("inventories/*/digitalocean.yml"))
PLUGIN = ROOT / "plugins" / "inventory" / "droplets.py"

List = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def listed(sandbox: Sandbox, tmp_path: Path) -> List:
    """Lists the sandbox's inventory, with the settings of the checkout."""

    def run(url: str = sandbox.url) -> subprocess.CompletedProcess[str]:
        text = (ROOT / "inventories/sandbox/digitalocean.yml").read_text()
        (tmp_path / "digitalocean.yml").write_text(text.replace("http://127.0.0.1:8780", url))
        command = [Path(sys.executable).with_name("ansible-inventory"), "-i", tmp_path / "digitalocean.yml", "--list"]
        environment = {**sandbox.environment, "ANSIBLE_NOCOLOR": "1", "COLUMNS": "1000"}
        return subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
        )

    return run


def hosts(ran: subprocess.CompletedProcess[str]) -> list[str]:
    return json.loads(ran.stdout).get("web", {}).get("hosts", [])


def asked(sandbox: Sandbox) -> list[int]:
    """The statuses of the replies to what was asked of droplets."""
    rows = sandbox.api("GET", "/_sandbox/requests")["requests"]
    return [row["status"] for row in rows if row["method"] == "GET" and row["path"].startswith("/v2/droplets")]


def test_hosts_and_groups_come_from_one_request(sandbox: Sandbox, listed: List):
    sandbox.api("POST", "/v2/droplets", {**BODY, "name": "web-1", "tags": TAGS})
    sandbox.api("POST", "/v2/droplets", {**BODY, "name": "foreign"})
    before = len(asked(sandbox))
    ran = listed()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert hosts(ran) == ["web-1"]
    assert "foreign" not in ran.stdout
    assert asked(sandbox)[before:] == [200]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 429},
        {"kind": "status", "status": 429, "times": 3},
        {"kind": "status", "status": 503, "times": 2},
        {"kind": "reset"},
    ],
    ids=["one 429", "three 429", "two 503", "a connection that is reset"],
)
def test_it_survives_a_stumbling_api(sandbox: Sandbox, listed: List, fault: dict):
    sandbox.api("POST", "/v2/droplets", {**BODY, "name": "web-1", "tags": TAGS})
    sandbox.api("POST", "/_sandbox/faults", {"path": "/v2/droplets", "method": "GET", **fault})
    ran = listed()
    assert (ran.returncode, ran.stderr) == (0, "")
    assert hosts(ran) == ["web-1"]


def test_a_limit_that_lasts_is_told(sandbox: Sandbox, listed: List):
    sandbox.api(
        "POST",
        "/_sandbox/faults",
        {"kind": "status", "status": 429, "path": "/v2/droplets", "headers": {"retry-after": "1800"}},
    )
    ran = listed()
    assert hosts(ran) == []
    assert "It is DigitalOcean's limit for the token" in ran.stderr
    assert sandbox.token not in ran.stdout + ran.stderr


def test_a_refused_token_is_told_and_not_shown(sandbox: Sandbox, listed: List):
    sandbox.api("POST", "/_sandbox/faults", {"kind": "status", "status": 401, "path": "/v2/droplets"})
    ran = listed()
    assert "refuses the API token (401). Give a valid one as oauth_token." in ran.stderr
    assert sandbox.token not in ran.stdout + ran.stderr


def test_an_api_that_is_not_there_is_told_in_the_options_of_the_file(listed: List):
    ran = listed("http://127.0.0.1:9")
    assert hosts(ran) == []
    assert "http://127.0.0.1:9 cannot be reached" in ran.stderr
    assert "make sandbox-up" in ran.stderr
    refused = listed("http://api.example.com")
    assert "baseurl: http://api.example.com/v2 would carry the API token unencrypted" in refused.stderr


@pytest.mark.parametrize("path", INVENTORIES, ids=lambda path: path.parent.name)
def test_every_inventory_uses_it(path: Path):
    assert yaml.safe_load(path.read_text())["plugin"] == "izzzi.infra.droplets"


def test_its_options_are_those_of_the_plugin_that_it_extends():
    theirs = importlib.import_module("ansible_collections.community.digitalocean.plugins.inventory.digitalocean")
    ours, base = (
        get_docstring(str(file), fragment_loader, collection_name=collection, plugin_type="inventory")[0]["options"]
        for file, collection in ((PLUGIN, "izzzi.infra"), (theirs.__file__, "community.digitalocean"))
    )
    # A page has the most droplets that the API gives; requests always check certificates.
    assert base.keys() - ours.keys() <= {"pagination", "validate_certs"}


def test_the_wiring_reaches_every_host_below_what_the_environment_says(sandbox: Sandbox, listed: List, tmp_path: Path):
    sandbox.api("POST", "/v2/droplets", {**BODY, "name": "web-1", "tags": TAGS})
    (tmp_path / "group_vars").mkdir()
    (tmp_path / "group_vars/all.yml").write_text("swarm_registry_port: 5001\n")
    variables = json.loads(listed().stdout)["_meta"]["hostvars"]["web-1"]
    wiring = yaml.safe_load((ROOT / "inventories/wiring.yml").read_text())
    assert set(wiring) <= set(variables)
    assert variables["swarm_registry_port"] == 5001
    assert "__ansible_unsafe" not in json.dumps(variables["app_compose_services"]), "a template stays one"


@pytest.mark.parametrize(("file", "most"), [("app.yml", 40), ("environment.yml", 25)])
def test_the_demo_is_declared_in_a_few_lines(file, most):
    text = (ROOT / "inventories/sandbox/group_vars/all" / file).read_text()
    assert len(text.splitlines()) <= most
    assert not re.search("app_compose_|swarm_stack_", text), "words that only serve the machinery"


@pytest.mark.parametrize(
    ("groups", "runner"), [(["web"], "app_compose"), (["managers"], "swarm_stack"), (["workers"], "swarm_stack")]
)
def test_each_node_of_a_swarm_knows_its_runner(groups, runner):
    wiring = yaml.safe_load((ROOT / "inventories/wiring.yml").read_text())
    templar = Templar(DataLoader(), variables={"group_names": groups})
    assert templar.template(trust_as_template(wiring["app_runner"])) == runner


def test_mistakes_in_the_files_are_told_by_every_verb_before_anything_is_asked(
    sandbox: Sandbox, listed: List, tmp_path: Path
):
    folder = tmp_path / "group_vars/all"
    folder.mkdir(parents=True)
    (folder / "environment.yml").write_text("provision_project: izzzi\nprovision_environment: staging\n")
    (folder / "app.yml").write_text("app_service: {}\napp_env: {SITE: https://shop.example.com}\n")
    problems = json.loads(listed().stdout)["_meta"]["hostvars"]
    assert problems == {}, "there is no host yet; the variables are the group's"
    before = len(asked(sandbox))
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", tmp_path / "digitalocean.yml"]
    command += ["-i", "localhost,", "playbooks/plan.yml", "-e", "ansible_connection=local"]
    environment = {**sandbox.environment, "ANSIBLE_NOCOLOR": "1", "COLUMNS": "1000"}
    ran = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode
    said = " ".join((ran.stdout + ran.stderr).split())
    for words in (
        "no role knows the variable app_service. Is it app_services?",
        "group_vars/all/app.yml, line 2: example.com is a placeholder",
        "digitalocean.yml looks for droplets of izzzi:dev, and izzzi:staging is declared",
        "Nothing was changed.",
    ):
        assert words in said
    assert len(asked(sandbox)) == before + 1, "the inventory's own request and no other"
