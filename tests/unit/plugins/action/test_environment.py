# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.izzzi.infra.plugins.action.environment import ActionModule

SECRET = VaultSecret(b"correct horse")
KEYS = {"backup": {"backups": "readwrite"}, "second-key": {"backups": "read"}}
NEW = {"vault_backup_access_key": "DO00NEW", "vault_backup_secret_key": "the secret"}


@pytest.fixture
def vault_file(tmp_path) -> Path:
    return tmp_path / "vault.yml"


def run(path: Path, answer: dict[str, Any], *, secrets=(("default", SECRET),), **changes: Any) -> tuple[dict, dict]:
    """The action with a module that gives this answer: what it was asked, and the result."""
    loader = DataLoader()
    loader.set_vault_secrets(list(secrets))
    arguments = {"project": "shop", "spaces_keys": KEYS, "vault_file": str(path), **changes}
    task = SimpleNamespace(args=arguments, action="izzzi.infra.environment", async_val=0, check_mode=False, diff=False)
    task.environment = []
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None), transport="ssh", become=None)
    action = ActionModule(task, connection, play_context=None, loader=loader, templar=None)
    asked: dict[str, Any] = {}

    def module(module_args: dict[str, Any], **_more: Any) -> dict[str, Any]:
        asked.update(module_args)
        return dict(answer)

    action._execute_module = module
    return asked, action.run(task_vars={})


def encrypt(path: Path, **values: str) -> None:
    path.write_bytes(VaultLib().encrypt("# mine\n" + yaml.safe_dump(values), SECRET))


def decrypt(path: Path) -> str:
    return VaultLib([("default", SECRET)]).decrypt(path.read_bytes()).decode()


def test_new_secrets_go_into_the_vault_and_out_of_the_result(vault_file):
    encrypt(vault_file, vault_other="stays", vault_backup_access_key="DO00OLD", vault_backup_secret_key="old")
    asked, result = run(vault_file, {"changed": True, "new_secrets": NEW})
    assert asked["spaces_keys_held"] == {"backup": "DO00OLD"}
    assert result == {"changed": True}
    text = decrypt(vault_file)
    assert text.startswith("# mine\n")
    assert yaml.safe_load(text) == {"vault_other": "stays", **NEW}


def test_they_are_kept_of_a_run_that_failed_too(vault_file):
    _, result = run(vault_file, {"failed": True, "msg": "a droplet", "new_secrets": NEW})
    assert result == {"failed": True, "msg": "a droplet"}
    assert yaml.safe_load(decrypt(vault_file)) == NEW


def test_half_of_a_key_is_none(vault_file):
    encrypt(
        vault_file, vault_backup_access_key="DO00OLD", vault_second_key_access_key="", vault_second_key_secret_key=""
    )
    assert run(vault_file, {})[0]["spaces_keys_held"] == {}


def test_a_file_that_cannot_be_written_is_told(vault_file, monkeypatch):
    def full(*_more: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    _, result = run(vault_file, {"changed": True, "new_secrets": NEW})
    assert result["failed"]
    assert "No space left" in result["msg"]
    assert "The next run makes these keys anew" in result["msg"]
    assert "the secret" not in str(result)


def test_without_a_vault_password_nothing_is_asked_of_the_account(vault_file):
    with pytest.raises(AnsibleActionFail, match="No vault password is configured"):
        run(vault_file, {}, secrets=())


@pytest.mark.parametrize("changes", [{"spaces_keys": {}}, {"vault_file": ""}, {"spaces_keys": "text"}])
def test_without_keys_the_vault_is_not_touched(vault_file, changes):
    asked, result = run(vault_file, {"changed": False}, secrets=(), **changes)
    assert "spaces_keys_held" not in asked
    assert result == {"changed": False}
    assert not vault_file.exists()


def test_a_run_that_may_not_write_makes_no_key(vault_file, monkeypatch):
    encrypt(vault_file, vault_backup_access_key="DO00OLD", vault_backup_secret_key="old")
    monkeypatch.setenv("IZZZI_VAULT_READ_ONLY", "1")
    with pytest.raises(AnsibleActionFail, match="lacks Spaces key second-key, and this run may not write it"):
        run(vault_file, {"changed": True, "new_secrets": NEW})
    _asked, result = run(vault_file, {"changed": False}, spaces_keys={"backup": KEYS["backup"]})
    assert result == {"changed": False}
