# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import fcntl
import os
import re
import stat
import subprocess
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.izzzi.infra.plugins.action.generated_secrets import ActionModule
from ansible_collections.izzzi.infra.plugins.plugin_utils import vault_file as vault_files
from ansible_collections.izzzi.infra.plugins.plugin_utils.vault_file import locked

SECRET = VaultSecret(b"correct horse")
DECLARED = {"vault_a": {"length": 24}, "vault_b": {"charset": "hex"}}


@pytest.fixture
def vault_file(tmp_path) -> Path:
    return tmp_path / "vault.yml"


def run(path, declared=None, *, secrets=(("default", SECRET),), check=False, diff=False, **more) -> dict:
    """The action as the task executor calls it, with what it uses of task and loader."""
    loader = DataLoader()
    loader.set_vault_secrets(list(secrets))
    task = SimpleNamespace(
        args={"path": str(path), "secrets": DECLARED if declared is None else declared, **more},
        action="izzzi.infra.generated_secrets",
        async_val=0,
        check_mode=check,
        diff=diff,
    )
    connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=None))
    return ActionModule(task, connection, play_context=None, loader=loader, templar=None).run(task_vars={})


def decrypt(path: Path, secret: VaultSecret = SECRET) -> str:
    return VaultLib([("default", secret)]).decrypt(path.read_bytes()).decode()


def encrypt(path: Path, text: str, secret: VaultSecret = SECRET, vault_id: str | None = None) -> None:
    path.write_bytes(VaultLib().encrypt(text, secret, vault_id))


def test_missing_secrets_are_generated_into_an_encrypted_file_only_the_owner_can_read(vault_file):
    result = run(vault_file)
    assert (result["changed"], result["generated"], result["kept"]) == (True, ["vault_a", "vault_b"], [])
    values = yaml.safe_load(decrypt(vault_file))
    assert re.fullmatch(r"[A-Za-z0-9]{24}", values["vault_a"])
    assert re.fullmatch(r"[0-9a-f]{32}", values["vault_b"])
    assert stat.S_IMODE(vault_file.stat().st_mode) == 0o600
    assert os.listdir(vault_file.parent) == ["vault.yml"]


def test_a_second_run_changes_no_byte(vault_file):
    run(vault_file)
    before = vault_file.read_bytes()
    result = run(vault_file)
    assert (result["changed"], result["kept"]) == (False, ["vault_a", "vault_b"])
    assert vault_file.read_bytes() == before


def test_existing_values_other_variables_and_comments_are_kept(vault_file):
    text = "# by hand\nother: !unsafe '{{ x }}'\nvault_a: short\n"
    encrypt(vault_file, text)
    result = run(vault_file)
    assert (result["generated"], result["kept"]) == (["vault_b"], ["vault_a"])
    assert decrypt(vault_file).startswith(text + "vault_b: ")


def test_no_value_is_in_the_result(vault_file):
    result = run(vault_file, diff=True)
    shown = repr(result)
    assert [value for value in yaml.safe_load(decrypt(vault_file)).values() if value in shown] == []
    assert result["diff"]["before"] == ""
    assert result["diff"]["after"] == "vault_a\nvault_b\n"
    assert "ansible_facts" not in result


def test_check_mode_writes_nothing_and_gives_placeholders_for_what_is_missing(vault_file):
    encrypt(vault_file, "vault_a: short\n")
    before = vault_file.read_bytes()
    result = run(vault_file, check=True)
    assert (result["changed"], result["generated"]) == (True, ["vault_b"])
    assert result["ansible_facts"] == {"vault_b": "placeholder-vault_bxxxxxxxxxxxxx"}
    assert vault_file.read_bytes() == before


def test_check_mode_makes_no_file(vault_file):
    assert run(vault_file, check=True)["changed"] is True
    assert os.listdir(vault_file.parent) == []


def test_an_existing_file_keeps_its_password_and_vault_id(vault_file):
    production = VaultSecret(b"production")
    encrypt(vault_file, "other: 1\n", production, "production")
    run(vault_file, secrets=[("default", SECRET), ("production", production)])
    assert vault_file.read_text().startswith("$ANSIBLE_VAULT;1.2;AES256;production\n")
    assert "vault_a" in decrypt(vault_file, production)


def test_a_new_file_is_encrypted_with_the_asked_vault_id(vault_file):
    production = VaultSecret(b"production")
    run(vault_file, secrets=[("default", SECRET), ("production", production)], vault_id="production")
    assert "vault_a" in decrypt(vault_file, production)


def test_a_link_is_followed(tmp_path, vault_file):
    link = tmp_path / "link.yml"
    link.symlink_to(vault_file)
    assert run(link)["path"] == str(vault_file)
    assert link.is_symlink()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"vault_a: open\n", "is not encrypted. Run: ansible-vault encrypt"),
        (VaultLib().encrypt("a: 1\n", VaultSecret(b"other")), "cannot be decrypted with the configured vault password"),
        (b"$ANSIBLE_VAULT;1.1;AES256\nnonsense\n", "cannot be decrypted"),
        (VaultLib().encrypt("- a\n", SECRET), "does not hold a YAML dictionary"),
        (VaultLib().encrypt("{a: 1}\n", SECRET), "does not hold a YAML dictionary|is not plain block YAML"),
    ],
)
def test_a_file_that_cannot_be_extended_is_left_alone(vault_file, content, message):
    vault_file.write_bytes(content)
    with pytest.raises(AnsibleActionFail, match=message):
        run(vault_file)
    assert vault_file.read_bytes() == content


def test_without_a_vault_password_it_says_how_to_set_one(vault_file):
    with pytest.raises(AnsibleActionFail, match="ANSIBLE_VAULT_PASSWORD_FILE"):
        run(vault_file, secrets=[])
    assert not vault_file.exists()


def test_a_missing_directory_is_named(tmp_path):
    with pytest.raises(AnsibleActionFail, match="Create the directory"):
        run(tmp_path / "missing" / "vault.yml")


def test_a_wrong_declaration_fails_before_anything_is_written(vault_file):
    with pytest.raises(AnsibleActionFail, match="length is 8"):
        run(vault_file, {"vault_a": {}, "vault_b": {"length": 8}})
    assert not vault_file.exists()


def test_a_failed_write_leaves_the_old_file_and_no_debris(vault_file, monkeypatch):
    encrypt(vault_file, "other: 1\n")
    before = vault_file.read_bytes()
    monkeypatch.setattr(vault_files.os, "replace", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(AnsibleActionFail, match=r"vault.yml cannot be written: No space left\. It is as it was"):
        run(vault_file)
    assert vault_file.read_bytes() == before
    assert os.listdir(vault_file.parent) == ["vault.yml"]


def test_runs_at_the_same_time_lose_nothing(vault_file):
    threads = [threading.Thread(target=run, args=(vault_file, {f"vault_{n}": {}})) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(yaml.safe_load(decrypt(vault_file))) == {f"vault_{n}" for n in range(4)}


def test_a_lock_held_by_another_run_ends_in_an_error(tmp_path):
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(AnsibleActionFail, match="locked by another run"), locked(tmp_path, seconds=0.05):
        pytest.fail("the lock was given twice")
    os.close(descriptor)


PLAY = """
- hosts: localhost
  gather_facts: false
  tasks:
    - izzzi.infra.generated_secrets:
        path: vault.yml
        secrets: {vault_a: {length: "{{ 20 + 4 }}"}}
    - ansible.builtin.include_vars:
        file: vault.yml
      when: (playbook_dir ~ '/vault.yml') is file
      no_log: true
    - ansible.builtin.assert:
        that: vault_a is string and vault_a | length == 24
        quiet: true
"""


def test_a_play_in_check_mode_then_for_real_then_again(tmp_path):
    (tmp_path / "play.yml").write_text(PLAY)
    (tmp_path / "password").write_text("correct horse")
    collections = Path(__file__).resolve().parents[4] / ".ansible" / "collections"
    environment = os.environ | {
        "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
        "ANSIBLE_COLLECTIONS_PATH": str(collections),
        "ANSIBLE_VAULT_PASSWORD_FILE": str(tmp_path / "password"),
        "ANSIBLE_LOCALHOST_WARNING": "false",
    }
    (tmp_path / "ansible.cfg").write_text("[defaults]\n")

    def play(*arguments: str) -> str:
        command = [Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", "-c", "local", "play.yml"]
        ran = subprocess.run([*command, *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        return ran.stdout + ran.stderr

    assert "changed=1" in play("--check", "--diff")
    assert not (tmp_path / "vault.yml").exists()
    outputs = [play("--diff", "-vvv"), play("--diff", "-vvv")]
    assert ["changed=1" in outputs[0], "changed=0" in outputs[1]] == [True, True]
    value = yaml.safe_load(decrypt(tmp_path / "vault.yml"))["vault_a"]
    assert [output for output in outputs if value in output] == []


def test_a_run_that_may_not_write_says_what_is_missing_and_makes_nothing(vault_file, monkeypatch):
    run(vault_file, {"vault_a": {}})
    before = vault_file.read_bytes()
    monkeypatch.setenv(vault_files.READ_ONLY, "1")
    assert run(vault_file, {"vault_a": {}})["changed"] is False
    for check in (True, False):
        with pytest.raises(AnsibleActionFail, match=r"lacks vault_b, and this run may not write it .* commit the file"):
            run(vault_file, check=check)
    with pytest.raises(AnsibleActionFail, match="lacks vault_a"):
        run(vault_file, {"vault_a": {}}, rotate=["vault_a"])
    assert vault_file.read_bytes() == before
