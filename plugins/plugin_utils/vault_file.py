# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The vault-encrypted file on the controller that secrets are kept in."""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.utils.yaml import from_yaml
from ansible.parsing.vault import VaultLib, match_encrypt_secret

LOCK_SECONDS = 30
READ_ONLY = "IZZZI_VAULT_READ_ONLY"  # set by a run whose files are thrown away afterwards, as in CI
NO_VAULT_PASSWORD = (
    "No vault password is configured, so secrets can neither be read nor written. Set vault_password_file in "
    "ansible.cfg or ANSIBLE_VAULT_PASSWORD_FILE, or run with --ask-vault-pass."
)


@contextmanager
def locked(directory: Path, seconds: float = LOCK_SECONDS) -> Iterator[int]:
    """Hold the directory against other runs. A lock on the directory itself leaves no lock file in the inventory."""
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


def require_writable(path: Path, missing: Iterable[str]) -> None:
    """Raise AnsibleActionFail when the file lacks something and this run may not add it."""
    if (names := list(missing)) and os.environ.get(READ_ONLY):
        raise AnsibleActionFail(
            f"{path} lacks {', '.join(names)}, and this run may not write it ({READ_ONLY}): what it made would be lost "
            "with this machine. Nothing was made. Run the same playbook on your own machine, and commit the file."
        )


def open_vault(loader: DataLoader, path: str, vault_id: str | None = None) -> VaultFile:
    """Return the file with the vault passwords of the run. Raise AnsibleActionFail without any, and for a file that
    they do not open. Call it while `locked` holds the directory."""
    if not loader._vault.secrets:
        raise AnsibleActionFail(NO_VAULT_PASSWORD)
    return VaultFile(real_path(loader, path), loader._vault, vault_id)


def real_path(loader: DataLoader, path: str) -> Path:
    """Follow symbolic links; a relative path begins at the playbook's directory."""
    return Path(os.path.realpath(loader.path_dwim(path)))


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
        self.variables = self._parse(self._text)

    @property
    def names(self) -> set[str]:
        return set(self.variables)

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

    def _parse(self, text: str) -> dict[str, object]:
        try:
            variables = from_yaml(text, file_name=str(self.path), show_content=False) if text.strip() else {}
        except AnsibleError:
            variables = None  # the error's own text could quote a secret
        if not isinstance(variables, dict):
            raise AnsibleActionFail(f"{self.path} does not hold a YAML dictionary. Run: ansible-vault edit {self.path}")
        return {str(name): value for name, value in variables.items()}

    def add(self, values: dict[str, str], directory: int) -> None:
        """Write the values and replace the file at once; a reader sees the old file or the new one."""
        old = [line for line in self._text.splitlines() if line.partition(":")[0] not in values]
        head = "\n".join(old).rstrip("\n") or "---"
        # JSON strings are YAML strings, and stay strings whatever they look like.
        text = "\n".join([head, *(f"{name}: {json.dumps(value)}" for name, value in values.items()), ""])
        if set(self._parse(text)) != self.names | set(values):
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
