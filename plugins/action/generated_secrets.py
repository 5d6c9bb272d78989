# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.parsing.utils.yaml import from_yaml
from ansible.parsing.vault import VaultLib, match_encrypt_secret
from ansible.plugins.action import ActionBase

from ..module_utils._secrets.generate import generate, parse_specs, placeholder

ARGUMENT_SPEC = {
    "path": {"type": "path", "required": True},
    "secrets": {"type": "dict", "required": True},
    "rotate": {"type": "list", "elements": "str", "default": []},
    "vault_id": {"type": "str"},
}
LOCK_SECONDS = 30
NO_VAULT_PASSWORD = (
    "No vault password is configured, so secrets can neither be read nor written. Set vault_password_file in "
    "ansible.cfg or ANSIBLE_VAULT_PASSWORD_FILE, or run with --ask-vault-pass."
)


@contextmanager
def locked(directory: Path, seconds: float = LOCK_SECONDS) -> Iterator[int]:
    """Holds the directory against other runs. A lock on the directory itself leaves no lock file in the inventory."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise AnsibleActionFail(f"{directory}: {error.strerror}. Create the directory of the secrets first.") from error
    try:
        deadline = time.monotonic() + seconds
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise AnsibleActionFail(f"{directory} is locked by another run. Wait for it to end.") from None
                time.sleep(0.1)
        yield descriptor
    finally:
        os.close(descriptor)


class VaultFile:
    """A vault-encrypted YAML file of variables. Comments and keys that are not declared stay as they are."""

    def __init__(self, path: Path, vault: VaultLib, vault_id: str | None):
        self.path = path
        self._vault = vault
        self._vault_id = vault_id
        self._secret = None
        self._text = ""
        if path.exists():
            self._load()
        self.names = self._names(self._text)

    def _load(self) -> None:
        try:
            content = self.path.read_bytes()
        except OSError as error:
            raise AnsibleActionFail(f"{self.path} cannot be read: {error.strerror}.") from error
        if not VaultLib.is_encrypted(content):
            raise AnsibleActionFail(f"{self.path} is not encrypted. Run: ansible-vault encrypt {self.path}")
        try:
            plain, self._vault_id, self._secret = self._vault.decrypt_and_get_vault_id(content)
        except AnsibleError as error:
            raise AnsibleActionFail(
                f"{self.path} cannot be decrypted with the configured vault password. Nothing was written. "
                "Use the password that it was encrypted with, or move the file away to start with new secrets."
            ) from error
        self._text = plain.decode("utf-8")

    def _names(self, text: str) -> set[str]:
        try:
            variables = from_yaml(text, file_name=str(self.path), show_content=False) if text.strip() else {}
        except AnsibleError:
            variables = None  # the error's own text could quote a secret
        if not isinstance(variables, dict):
            raise AnsibleActionFail(f"{self.path} does not hold a YAML dictionary. Run: ansible-vault edit {self.path}")
        return {str(name) for name in variables}

    def add(self, values: dict[str, str], directory: int) -> None:
        """Writes the values and replaces the file at once; a reader sees the old file or the new one."""
        old = [line for line in self._text.splitlines() if line.partition(":")[0] not in values]
        head = "\n".join(old).rstrip("\n") or "---"
        # JSON strings are YAML strings, and stay strings whatever they look like.
        text = "\n".join([head, *(f"{name}: {json.dumps(value)}" for name, value in values.items()), ""])
        if self._names(text) != self.names | set(values):
            raise AnsibleActionFail(f"{self.path} is not plain block YAML (one `name: value` a line): rewrite it so.")
        secret, vault_id = self._secret, self._vault_id
        if secret is None:
            wanted = vault_id or C.DEFAULT_VAULT_ENCRYPT_IDENTITY
            vault_id, secret = match_encrypt_secret(self._vault.secrets, encrypt_vault_id=wanted)
        encrypted = self._vault.encrypt(text, secret, None if vault_id == "default" else vault_id)
        try:
            self._replace(encrypted)
            os.fsync(directory)
        except OSError as error:
            raise AnsibleActionFail(f"{self.path} cannot be written: {error.strerror}. It is as it was.") from error

    def _replace(self, content: bytes) -> None:
        handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}.")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, self.path)
        except BaseException:
            os.unlink(temporary)
            raise


class ActionModule(ActionBase):
    """Runs on the controller only: the target sees nothing of it."""

    _requires_connection = False

    def run(self, tmp=None, task_vars=None):
        result = super().run(tmp, task_vars)
        arguments = self.validate_argument_spec(argument_spec=ARGUMENT_SPEC)[1]
        try:
            specs = parse_specs(arguments["secrets"])
        except ValueError as error:
            raise AnsibleActionFail(str(error)) from error
        vault = self._loader._vault
        if not vault.secrets:
            raise AnsibleActionFail(NO_VAULT_PASSWORD)

        path = Path(os.path.realpath(self._loader.path_dwim(arguments["path"])))
        with locked(path.parent) as directory:
            file = VaultFile(path, vault, arguments["vault_id"])
            rotate = arguments["rotate"]
            if unknown := [name for name in rotate if name not in {spec.name for spec in specs}]:
                raise AnsibleActionFail(f"rotate: {', '.join(unknown)} is not among the declared secrets.")
            missing = [spec for spec in specs if spec.name not in file.names or spec.name in rotate]
            kept = [spec.name for spec in specs if spec not in missing]
            generated = [spec.name for spec in missing]
            if missing and not self._task.check_mode:
                file.add({spec.name: generate(spec) for spec in missing}, directory)

        result.update(changed=bool(missing), path=str(path), generated=generated, kept=kept)
        if self._task.check_mode:
            result["ansible_facts"] = {spec.name: placeholder(spec) for spec in missing if spec.name not in file.names}
        if self._task.diff:
            result["diff"] = {
                "before_header": f"{path} (names only)",
                "after_header": f"{path} (names only)",
                "before": "".join(f"{name}\n" for name in kept),
                "after": "".join(f"{name}\n" for name in kept + generated),
            }
        return result
