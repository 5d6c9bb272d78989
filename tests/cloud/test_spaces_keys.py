# SPDX-License-Identifier: GPL-3.0-or-later
"""Spaces keys as ansible-playbook makes them: the secret is in the vault and nowhere else, whatever happens."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from ansible.parsing.vault import VaultLib, VaultSecret
from botocore.exceptions import ClientError

from .conftest import PLAYBOOK, ROOT, Sandbox

PASSWORD = "correct horse"
NAME, BUCKET = "shop-staging-backup", "shop-staging-backups"
KEYS = {"backup": {"backups": "readwrite"}}
TASKS = [
    {"name": "Declare", "ansible.builtin.include_role": {"name": "izzzi.infra.provision", "tasks_from": "declare"}},
    {"name": "Show all that is known", "ansible.builtin.debug": {"var": "__provision_environment"}},
]


@pytest.fixture
def vault_file(tmp_path: Path) -> Path:
    return tmp_path / "vault.yml"


@pytest.fixture
def variables(declared: dict[str, Any], sandbox: Sandbox, vault_file: Path) -> dict[str, Any]:
    id, secret = (sandbox.home / "spaces_key").read_text().split()
    inputs = {"project", "environment", "region", "vpc", "api_url", "api_token", "ssh_keys"}
    return {
        **{f"provision_{name}": value for name, value in declared.items() if name in inputs},
        "provision_droplets": {},
        "provision_firewalls": {},
        "provision_spaces": {"backups": {}, "assets": {}},
        "provision_spaces_endpoint_url": f"http://127.0.0.1:{sandbox.environment['IZZZI_SANDBOX_SPACES_PORT']}",
        "provision_spaces_access_key_id": id,
        "provision_spaces_secret_access_key": secret,
        "provision_spaces_keys": KEYS,
        "provision_vault_file": str(vault_file),
    }


@pytest.fixture
def play(tmp_path: Path, variables, vault_file: Path) -> Callable[..., str]:
    (tmp_path / "ansible.cfg").write_text(f"[defaults]\ncollections_path = {ROOT}/.ansible/collections\n")
    (tmp_path / "play.yml").write_text(yaml.safe_dump([{"hosts": "localhost", "gather_facts": False, "tasks": TASKS}]))
    (tmp_path / "password").write_text(PASSWORD)

    def run(*arguments: str, fails: bool = False, **changes: Any) -> str:
        """Everything that a run prints, at its loudest; none of it is a secret."""
        (tmp_path / "vars.json").write_text(json.dumps({**variables, **changes}))
        command = [PLAYBOOK, "-i", "localhost,", "-c", "local", "-vvv", "--diff", "-e", f"@{tmp_path}/vars.json"]
        done = subprocess.run(
            [*command, "--vault-password-file", tmp_path / "password", *arguments, tmp_path / "play.yml"],
            env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        output = done.stdout + done.stderr
        assert (done.returncode != 0) is fails, output
        assert "new_secrets" not in output
        if vault_file.exists() and not fails:
            assert opened(vault_file)["vault_backup_secret_key"] not in output
        return output

    return run


def opened(vault_file: Path) -> dict[str, str]:
    return yaml.safe_load(VaultLib([("default", VaultSecret(PASSWORD.encode()))]).decrypt(vault_file.read_bytes()))


def keys(sandbox: Sandbox) -> dict[str, dict[str, str]]:
    """By name: the id, and each bucket's permission."""
    rows = sandbox.api("GET", "/v2/spaces/keys?per_page=200")["keys"]
    return {r["name"]: {"id": r["access_key"], **{g["bucket"]: g["permission"] for g in r["grants"]}} for r in rows}


def works(sandbox: Sandbox, vault_file: Path) -> bool:
    values = opened(vault_file)
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{sandbox.environment['IZZZI_SANDBOX_SPACES_PORT']}",
        aws_access_key_id=values["vault_backup_access_key"],
        aws_secret_access_key=values["vault_backup_secret_key"],
        region_name="us-east-1",
    )
    try:
        client.put_object(Bucket=BUCKET, Key="a", Body=b"1")
    except ClientError:
        return False
    client.delete_object(Bucket=BUCKET, Key="a")
    with pytest.raises(ClientError, match="AccessDenied"):
        client.list_objects_v2(Bucket="shop-staging-assets")
    return True


def test_from_nothing_to_a_key_that_changes_and_goes(sandbox, play, vault_file):
    told = play("--check")
    assert f"spaces_key {NAME}" in told
    assert not vault_file.exists()
    assert keys(sandbox) == {}

    assert "changed=1 " in play()
    first = keys(sandbox)[NAME]
    assert first == {"id": opened(vault_file)["vault_backup_access_key"], BUCKET: "readwrite"}
    assert works(sandbox, vault_file)
    assert "changed=0 " in play(), "a second run changes nothing"

    both = {"backup": {"backups": "read", "assets": "readwrite"}}
    play(provision_spaces_keys=both)
    assert keys(sandbox)[NAME] == {"id": first["id"], BUCKET: "read", "shop-staging-assets": "readwrite"}

    assert "it is not declared" in play(provision_spaces_keys={})
    assert NAME in keys(sandbox), "without prune it stays"
    play(provision_spaces_keys={}, provision_prune=True)
    assert keys(sandbox) == {}


def test_a_run_that_was_killed_before_the_secret_was_kept(sandbox, play, vault_file):
    play()
    lost = keys(sandbox)[NAME]["id"]
    vault_file.unlink()
    told = play("--check")
    assert "not in the vault" in told
    assert keys(sandbox)[NAME]["id"] == lost
    refused = play(fails=True, provision_protect=True)
    assert f"protect: this would delete or replace spaces_key {NAME}" in " ".join(refused.split())
    play()
    assert keys(sandbox)[NAME]["id"] != lost
    assert works(sandbox, vault_file)
    assert "changed=0 " in play()


def test_a_reply_that_got_lost(sandbox, play, vault_file):
    sandbox.api(
        "POST", "/_sandbox/faults", {"kind": "reset", "method": "POST", "path": "/v2/spaces/keys", "when": "after"}
    )
    assert "run again" in play(fails=True)
    orphan = keys(sandbox)[NAME]["id"]
    play()
    assert list(keys(sandbox)) == [NAME]
    assert keys(sandbox)[NAME]["id"] != orphan
    assert works(sandbox, vault_file)


def test_a_run_that_fails_elsewhere_keeps_the_secret(sandbox, play, vault_file):
    """The domain's records come after the keys."""
    sandbox.api(
        "POST", "/_sandbox/faults", {"kind": "status", "status": 422, "method": "POST", "path": "/v2/domains/*"}
    )
    domain = {"name": "shop.test", "hosts": [], "records": [{"type": "TXT", "data": "v=spf1 -all"}]}
    play(fails=True, provision_domain=domain)
    assert keys(sandbox)[NAME]["id"] == opened(vault_file)["vault_backup_access_key"]
    assert works(sandbox, vault_file)


def test_a_vault_that_cannot_be_opened_stops_the_run_before_anything_is_made(sandbox, play, vault_file):
    vault_file.write_bytes(VaultLib().encrypt("vault_a: b\n", VaultSecret(b"another")))
    assert "cannot be decrypted with the configured vault password" in play(fails=True)
    assert keys(sandbox) == {}
    assert sandbox.all("vpcs") == []
