# SPDX-License-Identifier: GPL-3.0-or-later
"""The dynamic inventory, as ansible-inventory reads it from an API that is busy for a moment."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import fragment_loader
from ansible.template import Templar, trust_as_template
from ansible.utils.plugin_docs import get_docstring

from .conftest import ROOT, Sandbox, start, stop

BODY = {"region": "fra1", "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
TAGS = ["izzzi:izzzi:dev", "izzzi:izzzi:dev:web"]
INVENTORIES = sorted(ROOT.glob("inventories/*/digitalocean.yml"))
PLUGIN = ROOT / "plugins" / "inventory" / "droplets.py"

DECLARED = "provision_project: izzzi\nprovision_environment: dev\n"
MORE = "provision_api_url: http://127.0.0.1:9\n"

List = Callable[..., subprocess.CompletedProcess[str]]


def run(command: list[str | Path], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    options = {"capture_output": True, "text": True, "timeout": 60, "check": False}
    return subprocess.run(command, env=environment, cwd=ROOT, **options)


@pytest.fixture
def listed(sandbox: Sandbox, tmp_path: Path) -> List:
    """Lists the sandbox's inventory, with the settings of the checkout."""

    def read(url: str = sandbox.url, extra: Sequence[str] = ()) -> subprocess.CompletedProcess[str]:
        text = (ROOT / "inventories/sandbox/digitalocean.yml").read_text()
        (tmp_path / "digitalocean.yml").write_text(text.replace("http://127.0.0.1:8780", url))
        if not (tmp_path / "group_vars").exists():
            (tmp_path / "group_vars/all").mkdir(parents=True)
            (tmp_path / "group_vars/all/environment.yml").write_text(DECLARED)
        command = [Path(sys.executable).with_name("ansible-inventory"), "-i", tmp_path / "digitalocean.yml", "--list"]
        command += extra
        environment = {**sandbox.environment, "ANSIBLE_NOCOLOR": "1", "COLUMNS": "1000"}
        return run(command, environment)

    return read


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


BLOCK = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("ansible_collections.community.digitalocean"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
"""


@pytest.mark.parametrize("is_installed", [True, False], ids=["beside theirs", "where theirs is not installed"])
def test_two_lines_give_what_all_options_of_theirs_give(sandbox: Sandbox, tmp_path: Path, is_installed: bool):
    for name, tags in (("web-1", TAGS), ("db-1", [TAGS[0], "izzzi:izzzi:dev:data"]), ("foreign", ["izzzi:izzzi:de"])):
        sandbox.api("POST", "/v2/droplets", {**BODY, "name": name, "tags": tags})
    (tmp_path / "blocked").mkdir()
    (tmp_path / "blocked/sitecustomize.py").write_text(BLOCK)
    short, whole = yaml.safe_load_all(get_docstring(str(PLUGIN), fragment_loader)[1])
    theirs = json.loads(json.dumps(whole).replace("izzzi:shop:production", "izzzi:izzzi:dev"))
    theirs["plugin"] = "community.digitalocean.digitalocean"
    theirs["attributes"] = ["id", "name", "networks", "region", "size_slug", "tags"]
    texts = {
        name: yaml.safe_dump({**options, "baseurl": f"{sandbox.url}/v2"})
        for name, options in (("theirs", theirs), ("ours", short))
    }
    found = {}
    for name, text in texts.items():
        (tmp_path / name / "group_vars").mkdir(parents=True)
        (tmp_path / name / "group_vars/all.yml").write_text(DECLARED)
        (tmp_path / name / "digitalocean.yml").write_text(text)
        command = [Path(sys.executable).with_name("ansible-inventory"), "-i", tmp_path / name, "--list"]
        environment = {**sandbox.environment, "DIGITALOCEAN_TOKEN": sandbox.token, "ANSIBLE_NOCOLOR": "1"}
        environment |= {"ANSIBLE_INVENTORY_ENABLED": "izzzi.infra.droplets,community.digitalocean.digitalocean"}
        if name == "ours" and not is_installed:
            environment["PYTHONPATH"] = str(tmp_path / "blocked")
        ran = run(command, environment)
        assert (ran.returncode, ran.stderr) == (0, "")
        found[name] = json.loads(ran.stdout)
    variables = {name: listed["_meta"].pop("hostvars") for name, listed in found.items()}
    for host, theirs in variables["theirs"].items():
        assert theirs.items() <= variables["ours"][host].items(), "and the wiring beside it"
        assert {name for name in variables["ours"][host] if name.startswith("do_")} <= set(theirs)
    own = {"app_hosts", "app_machines", "os_update_queue"}  # of several apps and of os_update.yml, which fill them
    assert not own & set(found["ours"])
    for listed in found.values():
        listed["all"]["children"] = [name for name in listed["all"]["children"] if name not in own]
    assert found["ours"] == found["theirs"]
    assert sorted(found["ours"]["droplets"]["hosts"]) == ["db-1", "web-1"]
    assert found["ours"]["data"]["hosts"] == ["db-1"]


APPS = {
    "host_vars/blog/app.yml": "app_site: {server_names: ['{{ app_project }}.test']}\n",
    "host_vars/shop/app.yml": 'app_services: {web: {image: "shop:1", environment: {KEY: "{{ vault_key }}"}}}\n',
}


def plain(value: object) -> object:
    """Take off the mark that ansible-inventory gives to texts that are no templates."""
    if isinstance(value, dict):
        return value.get("__ansible_unsafe", {name: plain(item) for name, item in value.items()})
    return [plain(item) for item in value] if isinstance(value, list) else value


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def test_each_of_several_apps_is_an_alias_of_the_droplet(sandbox: Sandbox, listed: List, tmp_path: Path):
    sandbox.api("POST", "/v2/droplets", {**BODY, "name": "web-1", "tags": TAGS})
    write(tmp_path, APPS)
    ran = listed()
    assert (ran.returncode, ran.stderr) == (0, "")
    found = json.loads(ran.stdout)
    assert found["web"]["hosts"] == found["droplets"]["hosts"] == found["app_machines"]["hosts"] == ["web-1"]
    assert found["app_hosts"]["hosts"] == ["blog", "shop"]
    machine, blog, shop = (plain(found["_meta"]["hostvars"][name]) for name in ("web-1", "blog", "shop"))
    for name in ("ansible_host", "private_ip", "do_id", "do_networks"):
        assert blog[name] == machine[name]
    assert (blog["app_project"], blog["app_names"]) == ("blog", ["blog", "shop"])
    assert (blog["stands_for_app"], machine["stands_for_app"]) == (True, False)
    assert "app_services" not in blog or blog["app_services"] == {}
    assert (machine["app_vault_names"], blog["app_vault_names"]) == ({}, {})
    assert shop["app_vault_names"] == {"vault_key": "host_vars/shop/app.yml, line 1"}


def test_a_run_for_one_app_has_the_others_as_hosts_all_the_same(sandbox: Sandbox, listed: List, tmp_path: Path):
    """Their sites stay part of nginx's."""
    sandbox.api("POST", "/v2/droplets", {**BODY, "name": "web-1", "tags": TAGS})
    write(tmp_path, APPS)
    found = json.loads(listed(extra=["-e", "app=shop"]).stdout)
    assert found["app_hosts"]["hosts"] == ["shop"]
    assert "ansible_host" in found["_meta"]["hostvars"]["blog"]


def test_without_a_droplet_apps_are_known_and_in_no_group(listed: List, tmp_path: Path):
    write(tmp_path, APPS)
    found = json.loads(listed().stdout)
    assert plain(found["_meta"]["hostvars"]["blog"])["app_project"] == "blog"
    assert found["ungrouped"]["hosts"] == ["blog", "shop"]
    assert "app_hosts" not in found


@pytest.mark.parametrize(
    ("files", "arguments", "words"),
    [
        ({}, ["status.yml", "-e", "app=shpo"], "There is no app shpo. host_vars declares blog, shop. Nothing was"),
        ({}, ["provision.yml", "-e", "app=shpo"], "There is no app shpo. host_vars declares blog, shop. Nothing was"),
        ({}, ["restart.yml"], "restart.yml is for one app, and there are blog, shop. Say which: -e app=NAME."),
        ({}, ["jobs.yml", "-e", "run=night"], "jobs.yml is for one app, and there are blog, shop."),
        (
            {"group_vars/all/app.yml": "app_services: {}\n"},
            ["status.yml"],
            "group_vars/all/app.yml declares app_services for every app",
        ),
        (
            {"host_vars/blog/vault.yml": "vault_a: b\n", "host_vars/shop/vault.yml": "vault_a: b\n"},
            ["status.yml"],
            "host_vars/blog/vault.yml is the vault file of",
        ),
        (
            {"group_vars/all/app.yml": "app_orchestrator: swarm\n"},
            ["deploy.yml"],
            "host_vars declares blog, shop, and a Swarm takes one app for now.",
        ),
        (
            {"group_vars/all/app.yml": "provision_droplets: {app: {count: 2, groups: [web]}}\n"},
            ["plan.yml"],
            "host_vars declares blog, shop, and 2 droplets are in the group web.",
        ),
    ],
)
def test_what_several_apps_cannot_do_is_told_before_anything_is_asked(
    sandbox: Sandbox, listed: List, tmp_path: Path, files: dict, arguments: list, words: str
):
    sandbox.api("POST", "/v2/droplets", {**BODY, "name": "web-1", "tags": TAGS})
    write(tmp_path, {"group_vars/all/environment.yml": DECLARED + MORE, **APPS, **files})
    listed()  # writes its file
    before = len(asked(sandbox))
    command = [Path(sys.executable).with_name("ansible-playbook"), "-i", tmp_path / "digitalocean.yml"]
    command += ["-i", "localhost,", f"playbooks/{arguments[0]}", *arguments[1:], "-e", "ansible_connection=local"]
    ran = run(command, {**sandbox.environment, "ANSIBLE_NOCOLOR": "1", "COLUMNS": "1000"})
    assert ran.returncode
    assert words in " ".join((ran.stdout + ran.stderr).split())
    assert len(asked(sandbox)) == before + 1, "the inventory's own request and no other"


def test_a_file_that_belongs_to_no_environment_is_told(sandbox: Sandbox, listed: List, tmp_path: Path):
    sandbox.api("POST", "/v2/droplets", {**BODY, "name": "web-1", "tags": TAGS})
    (tmp_path / "group_vars").mkdir()
    ran = listed()
    assert hosts(ran) == []
    assert "declare provision_project and provision_environment in group_vars/all, as plain words" in ran.stderr


def test_a_droplet_without_an_address_is_no_host(tmp_path_factory, tmp_path: Path):
    slow = start(tmp_path_factory.mktemp("slow"), IZZZI_SANDBOX_MEMORY_DELAY="60")
    try:
        slow.api("POST", "/v2/droplets", {**BODY, "name": "web-1", "tags": TAGS})
        text = f"plugin: izzzi.infra.droplets\nbaseurl: {slow.url}/v2\nproject: izzzi\nenvironment: dev\n"
        (tmp_path / "digitalocean.yml").write_text(text)
        command = [Path(sys.executable).with_name("ansible-inventory"), "-i", tmp_path / "digitalocean.yml", "--list"]
        environment = {**slow.environment, "DIGITALOCEAN_TOKEN": slow.token, "ANSIBLE_NOCOLOR": "1", "COLUMNS": "1000"}
        ran = run(command, environment)
    finally:
        stop(slow)
    assert hosts(ran) == []
    assert "The droplet web-1 has no address yet, and is left out." in ran.stderr


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
    (tmp_path / "group_vars/all.yml").write_text(f"{DECLARED}swarm_registry_port: 5001\n")
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
        "Nothing was changed.",
    ):
        assert words in said
    assert len(asked(sandbox)) == before + 1, "the inventory's own request and no other"
