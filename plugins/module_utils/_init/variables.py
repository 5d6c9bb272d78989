# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a variable of an app's environment is, by its name and its example: a login of ours, a secret, an address, or
a plain value. No value that may be somebody's secret is taken over. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from .._secrets.dotenv import NAME, from_dotenv
from .._secrets.mask import is_secret_name
from .._secrets.strength import weakness

PUBLIC = re.compile(r"(?:NEXT_PUBLIC|VITE|REACT_APP|NUXT_PUBLIC|GATSBY|EXPO_PUBLIC)_")  # a build bakes these in
APP_URL = "{{ app_url }}"
_POSTGRES = re.compile(r"(postgres(?:ql)?(?:\+\w+)?)://")
_REDIS = re.compile(r"rediss?://")
_HERE = re.compile(
    r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0|(?:[\w-]+\.)?example\.(?:com|org|net))(?::\d+)?(/.*)?"
)
_SOMEBODY = re.compile(r"\bexample\.(?:com|org|net)\b")
_LOCAL = re.compile(r"\blocalhost\b|\b127\.0\.0\.1\b")
_MODE = re.compile(r"(?:\w+_)?ENV(?:IRONMENT)?")
_DEBUG = re.compile(r"(?:\w+_)?DEBUG")
_LOGIN = re.compile(r"://[^/@\s]*:[^/@\s]*@")
# Words that make a name sound like a secret's although it says something about one, or is for everybody.
_NO_SECRET = re.compile(
    r"(?:EXPIR\w*|TTL|LIFETIME|AGE|LENGTH|ROUNDS|HEADER|NAME|ALGORITHM|ISSUER|AUDIENCE|ID|URL|URI|PATH|FILE|IN)$"
    r"|PUBLI[CS]|SITE_KEY"
)
# What nobody but the app needs to know, so that any random text will do.
_OWN = re.compile(
    r"JWT|SESSION|COOKIE|CSRF|NEXTAUTH|^AUTH_SECRET|BETTER_AUTH|ENCRYPT|SIGNING|HMAC|SALT|PEPPER|REFRESH|INTERNAL"
    r"|^(?:APP_|DJANGO_|FLASK_|RAILS_|API_)?SECRET(?:_KEY)?(?:_BASE)?$|^APP_KEY$|ADMIN_PASS|ACCESS_TOKEN_SECRET"
)
# Names by which apps know their parts, after what such a name begins with.
_DATABASE = r"(?:DB|DATABASE|POSTGRES(?:QL)?|PG|TYPEORM)_?"
_DATABASE_PARTS = {
    "HOST(?:NAME)?|SERVER": "{service}",
    "PORT": "5432",
    "USER(?:NAME)?": "${{DATABASE_USER}}",
    "PASS(?:WORD)?|PWD": "${{DATABASE_PASSWORD}}",
    "DB|NAME|DATABASE": "{name}",
}
_REDIS_PARTS = {"HOST(?:NAME)?": "{redis}", "PORT": "6379", "PASS(?:WORD)?": "${{REDIS_PASSWORD}}"}
_MAIL = r"(?:MAIL|SMTP|EMAIL)(?:ER)?_?"
_MAIL_PARTS = {"HOST|SERVER": "{mail}", "PORT": "1025", "USER(?:NAME)?|PASS(?:WORD)?": "", "SECURE|TLS": "false"}


@dataclass(frozen=True)
class Parts:
    """The data services that the app has, by their names; empty for none."""

    postgres: str = ""
    database: str = ""
    redis: str = ""
    mail: str = ""


@dataclass(frozen=True)
class Meaning:
    """What the service's `environment` says of a variable, and what the app's variables say of it."""

    text: str = ""  # for `environment`
    value: str | None = None  # for app_env
    secret: str = ""  # `generated`, or `yours` when somebody else gives it
    todo: str = ""
    needs: str = ""  # a data service that it speaks of, and that nobody has declared


def names_in(text: str) -> dict[str, str]:
    """Read an example of a `.env` file. Values that refer to others are left out."""
    try:
        return from_dotenv(text)
    except ValueError:
        lines = (re.match(r"\s*(?:export\s+)?(\w+)\s*=\s*(.*)", line) for line in text.splitlines())
        found = {line[1]: line[2].strip().strip("'\"") for line in lines if line and NAME.fullmatch(line[1])}
        return {name: "" if "$" in value else value for name, value in found.items()}


def meaning(name: str, example: str, parts: Parts, port: int = 0) -> Meaning:
    """Return what a variable is. `port` is the one that its service listens on."""
    if "{{" in example or "{%" in example:
        example = ""
    if name in ("PORT", "RELEASE"):
        return Meaning(str(port or example) if name == "PORT" else "${RELEASE}")
    if _MODE.fullmatch(name) and (name == "NODE_ENV" or example.lower() in ("development", "dev", "local", "test")):
        return Meaning("production")
    if _DEBUG.fullmatch(name) and example.lower() in ("1", "true", "yes", "on"):
        return Meaning("0" if example == "1" else "false")
    for read in (_database, _redis, _mail):
        if found := read(name, example, parts):
            return found
    if PUBLIC.match(name):
        return _plain(name, example)
    if is_secret(name, example):
        return _secret(name)
    return _plain(name, example)


def is_secret(name: str, example: str = "") -> bool:
    """Return whether a variable sounds like a secret, or has a login in its example."""
    words = name.upper()
    sounds = (is_secret_name(name) or words.endswith(("SALT", "PEPPER", "DSN"))) and not _NO_SECRET.search(words)
    return sounds or bool(_LOGIN.search(example))


def is_own(name: str) -> bool:
    """Return whether a secret may be drawn by chance, since nobody outside of the app gives it."""
    return bool(_OWN.search(name.upper()))


def vault_name(name: str) -> str:
    """Return the variable of the vault that holds a secret."""
    return f"vault_app_{name.lower()}"


def _secret(name: str) -> Meaning:
    if is_own(name):
        return Meaning(f"${{{name}}}", secret="generated")
    return Meaning(f"${{{name}}}", secret="yours", todo=f"{name}: put {vault_name(name)} into the vault")


def _plain(name: str, example: str) -> Meaning:
    text = f"${{{name}}}"
    if address := _HERE.fullmatch(example):
        return Meaning(text, APP_URL + (address[1] or "").rstrip("/"))
    if not example or weakness(name, example) == "is a placeholder" or _SOMEBODY.search(example):
        return Meaning(text, "", todo=f"{name} has no value")
    here = f"{name} names localhost, where nothing of the app runs" if _LOCAL.search(example) else ""
    return Meaning(text, example, todo=here)


def _database(name: str, example: str, parts: Parts) -> Meaning | None:
    scheme = _POSTGRES.match(example)
    if not scheme and not (re.fullmatch(_DATABASE + "(?:URL|URI|DSN)", name) and not example and parts.postgres):
        return _part(name, _DATABASE, _DATABASE_PARTS, parts) if parts.postgres else _unknown_postgres(name)
    if not parts.postgres:
        return Meaning(needs="postgres")
    rest = _query(example)
    login = f"{scheme[1] if scheme else 'postgresql'}://${{DATABASE_USER}}:${{DATABASE_PASSWORD}}"
    return Meaning(f"{login}@{parts.postgres}:5432/{parts.database}{rest}")


def _unknown_postgres(name: str) -> Meaning | None:
    found = re.fullmatch(r"(?:POSTGRES(?:QL)?_|PG)(?:HOST|USER|PASSWORD|DB|DATABASE)", name)
    return Meaning(needs="postgres") if found else None


def _query(example: str) -> str:
    """Return the options of an address of a database, unless there is something secret in them."""
    _path, mark, query = example.partition("?")
    return f"?{query}" if mark and re.fullmatch(r"[\w=&.-]+", query) and "pass" not in query.lower() else ""


def _redis(name: str, example: str, parts: Parts) -> Meaning | None:
    if not _REDIS.match(example) and name not in ("REDIS_URL", "REDIS_URI"):
        if parts.redis:
            return _part(name, "REDIS_?", _REDIS_PARTS, parts)
        return Meaning(needs="redis") if name == "REDIS_HOST" else None
    if not parts.redis:
        return Meaning(needs="redis")
    try:
        path = urlsplit(example).path
    except ValueError:
        path = ""
    number = path if re.fullmatch(r"/\d+", path) else ""
    return Meaning(f"redis://:${{REDIS_PASSWORD}}@{parts.redis}:6379{number}")


def _mail(name: str, _example: str, parts: Parts) -> Meaning | None:
    return _part(name, _MAIL, _MAIL_PARTS, parts) if parts.mail else None


def _part(name: str, start: str, table: Mapping[str, str], parts: Parts) -> Meaning | None:
    words = {"service": parts.postgres, "name": parts.database, "redis": parts.redis, "mail": parts.mail}
    for ending, text in table.items():
        if re.fullmatch(f"{start}(?:{ending})", name):
            return Meaning(text.format(**words))
    return None


@dataclass
class Declared:
    """The app's variables, gathered from all services."""

    env: dict[str, str] = field(default_factory=dict)
    generated: dict[str, str] = field(default_factory=dict)  # a secret's variable by the name that the app knows
    yours: dict[str, str] = field(default_factory=dict)
    todo: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, found: Meaning) -> None:
        """Take a variable in."""
        if found.value is not None:
            self.env.setdefault(name, found.value)
        if found.secret:
            (self.generated if found.secret == "generated" else self.yours)[name] = vault_name(name)
        if found.todo:
            self.todo.setdefault(name, found.todo)
