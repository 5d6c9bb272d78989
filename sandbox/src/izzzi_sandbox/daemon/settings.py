# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the sandbox lives and where it listens: everything that a user may set, from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BACKENDS = ("docker", "memory")


class SettingsError(ValueError):
    """A setting that cannot be used; the message names the variable and what it may be."""


@dataclass(frozen=True)
class Settings:
    home: Path
    backend: str = "docker"
    http_port: int = 8780
    tls_port: int = 8781
    spaces_port: int = 8782
    dns_port: int = 8784  # 8783 is the registry's
    enforce_rate_limits: bool = False  # headers are always sent; with True the 251st request of a minute is a 429
    memory_delay: float = 0.0  # seconds that an operation of the memory backend takes

    host: str = "127.0.0.1"  # not a setting: the sandbox has one account and no business outside this machine

    @property
    def http_url(self) -> str:
        return f"http://{self.host}:{self.http_port}"

    @property
    def tls_url(self) -> str:
        return f"https://{self.host}:{self.tls_port}"

    @property
    def spaces_url(self) -> str:
        return f"http://{self.host}:{self.spaces_port}"

    @property
    def dns_address(self) -> str:
        return f"{self.host}:{self.dns_port}"

    @property
    def database(self) -> Path:
        return self.home / "state.db"

    @property
    def spaces_database(self) -> Path:
        return self.home / "spaces.db"

    @property
    def token_file(self) -> Path:
        return self.home / "token"

    @property
    def spaces_key_file(self) -> Path:
        return self.home / "spaces_key"

    @property
    def ca_file(self) -> Path:
        return self.home / "ca.pem"

    @property
    def ca_key_file(self) -> Path:
        return self.home / "ca-key.pem"

    @property
    def tls_file(self) -> Path:
        return self.home / "tls.pem"

    @property
    def spaces_tls_file(self) -> Path:
        return self.home / "spaces-tls.pem"

    @property
    def ssh_key_file(self) -> Path:
        return self.home / "id_ed25519"

    @property
    def pid_file(self) -> Path:
        return self.home / "server.pid"

    @property
    def log_file(self) -> Path:
        return self.home / "server.log"

    @property
    def files(self) -> list[Path]:
        """All that the sandbox keeps in its home, and nothing else."""
        public_key = self.ssh_key_file.with_suffix(".pub")
        bases = (self.database, self.spaces_database)
        databases = [base.with_name(base.name + suffix) for base in bases for suffix in ("", "-wal", "-shm")]
        logs = [self.log_file, self.log_file.with_suffix(".log.1")]
        secrets = [self.token_file, self.spaces_key_file, self.ssh_key_file, public_key]
        certificates = [self.ca_file, self.ca_key_file, self.tls_file, self.spaces_tls_file]
        return [*databases, *logs, *secrets, *certificates, self.pid_file, self.command_lock]

    @property
    def command_lock(self) -> Path:
        return self.home / "command.lock"

    @property
    def ports(self) -> dict[str, int]:
        """The variable that sets each port, for messages."""
        return {
            "IZZZI_SANDBOX_HTTP_PORT": self.http_port,
            "IZZZI_SANDBOX_TLS_PORT": self.tls_port,
            "IZZZI_SANDBOX_SPACES_PORT": self.spaces_port,
            "IZZZI_SANDBOX_DNS_PORT": self.dns_port,
        }

    @property
    def tcp_ports(self) -> tuple[int, ...]:
        """DNS, which needs UDP too, binds its own."""
        return self.http_port, self.tls_port, self.spaces_port

    def environment(self) -> dict[str, str]:
        """The variables that make `load` give these settings again, in a child process."""
        return {
            "IZZZI_SANDBOX_HOME": str(self.home),
            "IZZZI_SANDBOX_BACKEND": self.backend,
            "IZZZI_SANDBOX_RATE_LIMITS": "enforce" if self.enforce_rate_limits else "report",
            "IZZZI_SANDBOX_MEMORY_DELAY": str(self.memory_delay),
            **{name: str(port) for name, port in self.ports.items()},
        }


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    home = environ.get("IZZZI_SANDBOX_HOME") or "~/.local/state/izzzi-sandbox"
    return Settings(
        home=Path(home).expanduser().absolute(),
        backend=_choice(environ, "IZZZI_SANDBOX_BACKEND", BACKENDS),
        http_port=_port(environ, "IZZZI_SANDBOX_HTTP_PORT", Settings.http_port),
        tls_port=_port(environ, "IZZZI_SANDBOX_TLS_PORT", Settings.tls_port),
        spaces_port=_port(environ, "IZZZI_SANDBOX_SPACES_PORT", Settings.spaces_port),
        dns_port=_port(environ, "IZZZI_SANDBOX_DNS_PORT", Settings.dns_port),
        enforce_rate_limits=_choice(environ, "IZZZI_SANDBOX_RATE_LIMITS", ("report", "enforce")) == "enforce",
        memory_delay=_seconds(environ, "IZZZI_SANDBOX_MEMORY_DELAY"),
    )


def _choice(environ: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    value = environ.get(name) or choices[0]
    if value not in choices:
        raise SettingsError(f"{name} is {value!r}; it must be one of: {', '.join(choices)}")
    return value


def _port(environ: Mapping[str, str], name: str, default: int) -> int:
    value = environ.get(name) or str(default)
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise SettingsError(f"{name} is {value!r}; it must be a port from 1 to 65535")
    return int(value)


def _seconds(environ: Mapping[str, str], name: str) -> float:
    value = environ.get(name) or "0"
    try:
        seconds = float(value)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 600:
        raise SettingsError(f"{name} is {value!r}; it must be seconds from 0 to 600")
    return seconds
