# SPDX-License-Identifier: GPL-3.0-or-later
"""init.yml -e adopt=true: what an account has already becomes an inventory whose first plan gives tags, and no more."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from tests.unit.apps import APPS, write

from .conftest import KEY, Sandbox, newcomer, played
from .gateway import gateway
from .test_adoption import FIREWALLS, OWNER, TAGS, VPC_RANGE, terraformed  # noqa: F401
from .test_spaces import clear

Play = Callable[..., subprocess.CompletedProcess[str]]
OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5vq2VPQWMPQ8P6dZQmWmhIvW5EBXbJq6nB3J3M1m9S bob@izzzi"


@pytest.fixture
def play(sandbox: Sandbox, tmp_path: Path) -> Play:
    """Run a playbook of the collection in a folder with an app. Spaces' address is in the environment, its keys not."""
    write(tmp_path / "app", APPS["one"])
    mine = newcomer(tmp_path, sandbox)
    mine["SPACES_ENDPOINT_URL"] = f"http://127.0.0.1:{sandbox.environment['IZZZI_SANDBOX_SPACES_PORT']}"
    known = {name: value for name, value in os.environ.items() if not name.startswith(("SPACES_", "DIGITALOCEAN_"))}

    def run(name: str, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
        done = played(f"izzzi.infra.{name}", *arguments, cwd=tmp_path, env={**known, **mine, **environ})
        assert sandbox.token not in done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def adopt(sandbox: Sandbox, play: Play) -> Play:
    def run(*arguments: str, url: str = "", **values: str) -> subprocess.CompletedProcess[str]:
        environ = {name: values.pop(name) for name in list(values) if name.isupper()}
        asked = {"env": "production", "project": "izzzi", "app": "app", "adopt": "true", **values}
        asked["provision_api_url"] = url or sandbox.url
        words = [word for name, value in asked.items() for word in ("-e", f"{name}={value}")]
        return play("init", *words, *arguments, **environ)

    return run


def text_of(done: subprocess.CompletedProcess[str]) -> str:
    return re.sub(r"\s+", " ", (done.stdout + done.stderr).replace("\\n", " "))


def inventory(sandbox: Sandbox, path: Path) -> Path:
    """The inventory as it was written, but for where its dynamic part finds the sandbox."""
    with (path / "digitalocean.yml").open("a") as file:
        file.write(f"baseurl: {sandbox.url}/v2\n")
    return path


def declared(path: Path) -> dict[str, Any]:
    return yaml.safe_load((path / "group_vars/all/environment.yml").read_text())


def plan(sandbox: Sandbox, play: Play, into: Path, **environ: str) -> dict[str, list[str]]:
    """Return what plan.yml would do, by `action kind name`, with the fields that change."""
    file = into.parent / "plan.json"
    there = ("-e", f"provision_api_url={sandbox.url}", "-e", f"plan_file={file}")
    done = play("plan", "-i", str(into), *there, **environ)
    assert done.returncode == 0, done.stdout + done.stderr
    saved = json.loads(file.read_text())
    return {
        f"{step['action']} {step['kind']} {step['name']}": sorted(change["field"] for change in step["changes"])
        for step in saved["plan"]
        if step["action"] not in ("noop", "keep")
    }


def provision(sandbox: Sandbox, play: Play, into: Path, **environ: str) -> None:
    there = ("-e", f"provision_api_url={sandbox.url}", "--tags", "provision_declare")
    done = play("provision", "-i", str(into), *there, **environ)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_guides_terraform(sandbox: Sandbox, terraformed, adopt: Play, play: Play, tmp_path: Path):  # noqa: F811
    sandbox.api("POST", "/v2/account/keys", {"name": "bob", "public_key": OTHER_KEY})
    before = sandbox.account()
    with gateway(sandbox.url) as server:
        made = adopt(url=server.url)
    assert made.returncode == 0, made.stdout + made.stderr
    assert {method for method, _path, _headers in server.asked} == {"GET"}
    assert sandbox.account() == before
    into = inventory(sandbox, tmp_path / "inventories/production")
    found = declared(into)
    assert (found["provision_region"], found["provision_vpc"]) == ("fra1", {"ip_range": VPC_RANGE})
    assert found["provision_ssh_keys"] == [{"name": "izzzi-deploy-key", "public_key": KEY}]
    assert "# - {name: bob, public_key: " in (into / "group_vars/all/environment.yml").read_text()
    assert found["provision_allowed_ssh_ips"] == ["203.0.113.7/32"]
    app = {"count": 1, "size": "s-2vcpu-4gb", "image": "debian-13-x64", "groups": ["web"], "monitoring": True}
    assert found["provision_droplets"] == {"app": {**app, "tags": sorted([*TAGS, "component:application"])}}
    assert set(found["provision_firewalls"]) == set(FIREWALLS)
    (ssh,) = found["provision_firewalls"]["management"]["inbound"]
    assert ssh == {"protocol": "tcp", "ports": "22", "sources": {"addresses": "{{ provision_allowed_ssh_ips }}"}}
    assert "outbound" not in found["provision_firewalls"]["web"]
    assert len(found["provision_firewalls"]["internal"]["outbound"]) == 3
    assert "SPACES_ACCESS_KEY_ID" in made.stdout

    first = plan(sandbox, play, into)
    assert first == {
        f"create tag {OWNER}": [],
        f"create tag {OWNER}:web": [],
        "update droplet izzzi-production-app": ["tags"],
        **{f"update firewall izzzi-production-fw-{name}": ["droplet_ids", "tags"] for name in FIREWALLS},
    }
    assert "~ droplet izzzi-production-app" in made.stdout, "init shows the first plan"
    assert sandbox.account() == before
    provision(sandbox, play, into)
    assert plan(sandbox, play, into) == {}


def by_hand(sandbox: Sandbox, base: str, ip_range: str, **sizes: str) -> dict[str, dict[str, Any]]:
    """Make a network with droplets as people do in the control panel. Return the droplets by the end of their name."""
    body = {"name": f"{base}-vpc", "region": "fra1", "ip_range": ip_range}
    vpc = sandbox.api("POST", "/v2/vpcs", body)["vpc"]
    found = {}
    for name, size in sizes.items():
        body = {"name": f"{base}-{name.replace('_', '-')}", "region": "fra1", "size": size, "image": "ubuntu-24-04-x64"}
        found[name] = sandbox.api("POST", "/v2/droplets", {**body, "vpc_uuid": vpc["id"]})["droplet"]["id"]
    rows = {row["id"]: row for row in settled(sandbox)}
    return {name: rows[id] for name, id in found.items()}


def settled(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the account's droplets once all have their addresses."""
    deadline = time.monotonic() + 30
    while True:
        rows = sandbox.all("droplets")
        if all(row["status"] == "active" for row in rows):
            return rows
        assert time.monotonic() < deadline
        time.sleep(0.1)


def address(droplet: dict[str, Any]) -> str:
    return next(one["ip_address"] for one in droplet["networks"]["v4"] if one["type"] == "public")


def record(sandbox: Sandbox, zone: str, kind: str, name: str, data: str, **more: Any) -> None:
    sandbox.api("POST", f"/v2/domains/{zone}/records", {"type": kind, "name": name, "data": data, **more})


def rule(ports: str, **sources: Any) -> dict[str, Any]:
    return {"protocol": "tcp", "ports": ports, "sources": sources}


EVERYONE = ["0.0.0.0/0", "::/0"]
OUT = [{"protocol": "tcp", "ports": "all", "destinations": {"addresses": EVERYONE}}]


def firewall(sandbox: Sandbox, name: str, rules: list[dict[str, Any]], *droplets: dict[str, Any], **more: Any) -> None:
    ids = [droplet["id"] for droplet in droplets]
    body = {"name": name, "inbound_rules": rules, "outbound_rules": OUT, "droplet_ids": ids, **more}
    sandbox.api("POST", "/v2/firewalls", body)


def volume(sandbox: Sandbox, name: str, droplet: dict[str, Any]) -> None:
    body = {"name": name, "region": "fra1", "size_gigabytes": 20, "filesystem_type": "ext4"}
    made = sandbox.api("POST", "/v2/volumes", body)["volume"]
    attach = {"type": "attach", "droplet_id": droplet["id"], "region": "fra1"}
    sandbox.api("POST", f"/v2/volumes/{made['id']}/actions", attach)


@pytest.fixture
def hand_made(sandbox: Sandbox) -> dict[str, dict[str, Any]]:
    """Two droplets that differ, a domain that has more than its names, a volume, and a firewall of another name."""
    made = by_hand(
        sandbox, "izzzi-production", "10.40.0.0/20", web="s-1vcpu-1gb", web_2="s-1vcpu-1gb", db="s-2vcpu-4gb"
    )
    sandbox.api("POST", "/v2/account/keys", {"name": "ada", "public_key": KEY})
    web = (made["web"], made["web_2"])
    firewall(
        sandbox,
        "izzzi-production-fw-edge",
        [rule("443", addresses=EVERYONE), rule("8000-8100", addresses=EVERYONE)],
        *web,
    )
    data = [rule("5432", droplet_ids=[row["id"] for row in web])]
    firewall(sandbox, "izzzi-production-fw-data", data, made["db"])
    firewall(sandbox, "office", [rule("22", addresses=["198.51.100.0/24"])], *made.values())
    volume(sandbox, "izzzi-production-db-data", made["db"])
    volume(sandbox, "volume-fra1-01", made["db"])
    sandbox.api("POST", "/v2/reserved_ips", {"droplet_id": made["web"]["id"]})
    sandbox.api("POST", "/v2/domains", {"name": "izzzi.test"})
    for host in ("@", "api"):
        for droplet in web:
            record(sandbox, "izzzi.test", "A", host, address(droplet), ttl=1800)
    record(sandbox, "izzzi.test", "A", "db", address(made["db"]), ttl=600)
    record(sandbox, "izzzi.test", "A", "blog", "203.0.113.80", ttl=1800)
    record(sandbox, "izzzi.test", "CNAME", "www", "izzzi.test.", ttl=1800)
    record(sandbox, "izzzi.test", "MX", "@", "mail.izzzi.test.", priority=10, ttl=3600)
    record(sandbox, "izzzi.test", "TXT", "@", "v=spf1 mx -all", ttl=1800)
    record(sandbox, "izzzi.test", "TXT", "note", "{{ lookup('pipe', 'touch stolen') }}", ttl=1800)
    record(sandbox, "izzzi.test", "CAA", "@", "letsencrypt.org.", flags=0, tag="issue", ttl=1800)
    return made


def test_what_was_made_by_hand(sandbox: Sandbox, hand_made, adopt: Play, play: Play, tmp_path: Path):
    before = (sandbox.account(), sandbox.all("volumes"))
    made = adopt()
    assert made.returncode == 0, made.stdout + made.stderr
    into = inventory(sandbox, tmp_path / "inventories/production")
    text = (into / "group_vars/all/environment.yml").read_text()
    assert "!unsafe \"{{ lookup('pipe', 'touch stolen') }}\"" in text
    found = yaml.safe_load(text.replace("!unsafe ", ""))
    small = {"count": 2, "size": "s-1vcpu-1gb", "image": "ubuntu-24-04-x64", "groups": ["web"]}
    assert found["provision_droplets"] == {
        "db": {"count": 1, "size": "s-2vcpu-4gb", "image": "ubuntu-24-04-x64", "groups": []},
        "web": small,
    }
    assert found["provision_volumes"] == {"data": {"droplets": "db", "size": 20}}
    assert found["provision_reserved_ip"] == {"droplets": "web"}
    assert found["provision_allowed_ssh_ips"] == ["198.51.100.0/24"], "of the firewall with another name"
    (edge,) = found["provision_firewalls"].values()
    assert [(one["ports"], one["sources"]["addresses"]) for one in edge["inbound"]] == [
        ("443", EVERYONE), ("8000-8100", EVERYONE),
    ]  # fmt: skip
    assert edge["outbound"] == OUT
    domain = found["provision_domain"]
    assert (domain["name"], domain["hosts"], domain["target"], domain["ttl"]) == (
        "izzzi.test",
        ["@", "api"],
        "web",
        1800,
    )
    assert {(one["type"], one["name"], one.get("data") or one["target"]) for one in domain["records"]} == {
        ("A", "db", "db"),
        ("A", "blog", "203.0.113.80"),
        ("CNAME", "www", "@"),
        ("MX", "@", "mail.izzzi.test"),
        ("TXT", "@", "v=spf1 mx -all"),
        ("TXT", "note", "{{ lookup('pipe', 'touch stolen') }}"),
        ("CAA", "@", "letsencrypt.org"),
    }
    assert "# server_names: [izzzi.test, www.izzzi.test]" in (into / "group_vars/all/app.yml").read_text()
    told = text_of(made)
    for words in (
        "the firewall office protects droplets of izzzi-production and is not named",
        "rename it to izzzi-production-fw-office",
        "the firewall izzzi-production-fw-data: its inbound rule tcp 5432 names droplet_ids",
        "the firewall izzzi-production-fw-edge is not on izzzi-production-db now",
        "the volume volume-fra1-01 (20 GiB, on izzzi-production-db) is not named DROPLET-NAME",
        "izzzi-production-db is in no group of the inventory",
        "izzzi-production-web, izzzi-production-web-2 are in the group web, and with Compose each runs the app",
    ):
        assert words in told, words
    assert (sandbox.account(), sandbox.all("volumes")) == before

    first = plan(sandbox, play, into)
    (mark,) = [name for name in first if name.startswith("create tag izzzi:izzzi:production:ip:")] or [""]
    register = [name for name in first if name.startswith("create record")]
    assert register == ["create record _izzzi.izzzi-production.izzzi.test TXT"]
    assert mark == ""
    assert {name: fields for name, fields in first.items() if name not in register} == {
        f"create tag {OWNER}": [],
        f"create tag {OWNER}:web": [],
        **{f"update droplet izzzi-production-{name}": ["tags"] for name in ("db", "web", "web-2")},
        "update firewall izzzi-production-fw-edge": ["droplet_ids", "tags"],
        "update volume izzzi-production-db-data": ["tags"],
        "update reserved_ip izzzi-production-ip": ["tag"],
    }
    provision(sandbox, play, into)
    assert plan(sandbox, play, into) == {}
    assert not (tmp_path / "stolen").exists()
    left = {row["name"]: row for row in sandbox.all("firewalls")}
    assert all(left[name]["droplet_ids"] for name in ("office", "izzzi-production-fw-data")), "of others: untouched"


@pytest.fixture
def spaces(sandbox: Sandbox):
    """The guide's buckets, of which two hold something. Return the keys of Spaces."""
    id, secret = (sandbox.home / "spaces_key").read_text().split()
    url = f"http://127.0.0.1:{sandbox.environment['IZZZI_SANDBOX_SPACES_PORT']}"
    given = {"aws_access_key_id": id, "aws_secret_access_key": secret, "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=url, **given)
    clear(client)
    for name, acl in (("terraform-state", "private"), ("backups", "private"), ("assets", "public-read")):
        client.create_bucket(Bucket=f"izzzi-production-{name}", ACL=acl)
    client.put_bucket_versioning(
        Bucket="izzzi-production-terraform-state", VersioningConfiguration={"Status": "Enabled"}
    )
    client.put_object(Bucket="izzzi-production-terraform-state", Key="terraform.tfstate", Body=b"{}")
    yield {"SPACES_ACCESS_KEY_ID": id, "SPACES_SECRET_ACCESS_KEY": secret}
    clear(client)


def test_the_guides_buckets(sandbox: Sandbox, terraformed, spaces, adopt: Play, play: Play, tmp_path: Path):  # noqa: F811
    made = adopt(**spaces)
    assert made.returncode == 0, made.stdout + made.stderr
    assert spaces["SPACES_SECRET_ACCESS_KEY"] not in made.stdout
    into = inventory(sandbox, tmp_path / "inventories/production")
    found = declared(into)
    assert found["provision_spaces"] == {
        "assets": {"acl": "public-read"},
        "backups": {},
        "terraform-state": {"versioning": True},
    }
    assert found["provision_spaces_keys"] == {}, "or the first plan makes one"
    assert not any("bucket" in step or "key" in step for step in plan(sandbox, play, into, **spaces))
    provision(sandbox, play, into, **spaces)
    assert plan(sandbox, play, into, **spaces) == {}
    wrong = adopt(into="other", **{**spaces, "SPACES_SECRET_ACCESS_KEY": "wrong"})
    assert "refuses the Spaces keys" in text_of(wrong)
    assert not (tmp_path / "other").exists()


def test_staging_beside_production(sandbox: Sandbox, terraformed, adopt: Play, play: Play, tmp_path: Path):  # noqa: F811
    """Both are made by hand in one domain, and each inventory has its own only."""
    (live,) = settled(sandbox)
    staging = by_hand(sandbox, "izzzi-staging", "10.50.0.0/16", app="s-1vcpu-1gb")["app"]
    firewall(sandbox, "izzzi-staging-fw-web", [rule("80", addresses=EVERYONE)], staging)
    sandbox.api("POST", "/v2/domains", {"name": "izzzi.test"})
    record(sandbox, "izzzi.test", "A", "@", address(live), ttl=1800)
    record(sandbox, "izzzi.test", "MX", "@", "mail.izzzi.test.", priority=10, ttl=1800)
    record(sandbox, "izzzi.test", "A", "staging", address(staging), ttl=1800)
    made = {env: adopt(env=env) for env in ("production", "staging")}
    for env, done in made.items():
        assert done.returncode == 0, done.stdout + done.stderr
        inventory(sandbox, tmp_path / "inventories" / env)
    production, other = (declared(tmp_path / "inventories" / env) for env in made)
    assert [one["provision_domain"]["hosts"] for one in (production, other)] == [["@"], ["staging"]]
    assert [row["type"] for row in production["provision_domain"]["records"]] == ["MX"]
    assert "records" not in other["provision_domain"]
    assert set(other["provision_firewalls"]) == {"web"}
    assert "Of the domain izzzi.test these stay".lower() in text_of(made["staging"]).lower()
    for env in made:
        provision(sandbox, play, tmp_path / "inventories" / env)
    for env in made:
        assert plan(sandbox, play, tmp_path / "inventories" / env) == {}
    tags = {row["name"]: {tag for tag in row["tags"] if tag.startswith("izzzi:")} for row in sandbox.all("droplets")}
    assert tags["izzzi-staging-app"] == {"izzzi:izzzi:staging", "izzzi:izzzi:staging:web"}
    assert tags["izzzi-production-app"] == {OWNER, f"{OWNER}:web"}


def test_what_is_wrong_is_said_and_nothing_is_written(sandbox: Sandbox, terraformed, adopt: Play, tmp_path: Path):  # noqa: F811
    before = sandbox.account()
    for done, words in (
        (
            adopt(DIGITALOCEAN_TOKEN=""),
            "api_token: it is empty. Set provision_api_token, or the variable DIGITALOCEAN_TOKEN",
        ),
        (adopt(DIGITALOCEAN_TOKEN="dop_v1_wrong"), "refuses the API token (401)"),
        (adopt(url="http://127.0.0.1:9"), "http://127.0.0.1:9 cannot be reached"),
        (adopt(env="staging"), "It has the environments izzzi-production: is another project or env meant?"),
        (adopt(region="nyc3"), "region: you said nyc3, and the VPC izzzi-production-vpc is in fra1. Leave region out."),
        (adopt(domain="izzzi.test"), "domain: no record of izzzi.test in this account leads to izzzi-production"),
        (adopt(adopt="perhaps"), "adopt is 'perhaps', and must be true or false"),
    ):
        assert done.returncode != 0, words
        assert words in text_of(done)
        assert "dop_v1_wrong" not in text_of(done)
    write(tmp_path / "demo", {"hosts.yaml": "all: {vars: {provision_api_token: of-another}}\n"})
    looked = adopt("--check", "--diff", "-vvv", "-i", "demo/hosts.yaml")
    assert looked.returncode == 0, looked.stdout + looked.stderr
    assert "+provision_vpc: {ip_range: 10.0.0.0/16}" in looked.stdout
    assert "Nothing was written (--check)." in looked.stdout
    assert not (tmp_path / "inventories").exists()
    assert adopt().returncode == 0
    again = adopt()
    assert "exists, and nothing that exists is written over" in text_of(again)
    assert sandbox.account() == before


def test_the_least_that_an_account_can_have(sandbox: Sandbox, adopt: Play, play: Play, tmp_path: Path):
    by_hand(sandbox, "izzzi-production", "10.40.0.0/20", app="s-1vcpu-1gb")
    made = adopt(runner="swarm")
    assert made.returncode == 0, made.stdout + made.stderr
    for words in ("is behind no firewall of the account", "the account has no SSH key", "who may use SSH"):
        assert words in text_of(made)
    into = inventory(sandbox, tmp_path / "inventories/production")
    assert declared(into)["app_orchestrator"] == "swarm"
    tags = {f"create tag {OWNER}": [], f"create tag {OWNER}:managers": []}
    assert plan(sandbox, play, into) == {**tags, "update droplet izzzi-production-app": ["tags"]}
    provision(sandbox, play, into)
    assert plan(sandbox, play, into) == {}
