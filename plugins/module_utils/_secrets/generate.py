# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a declared secret may look like, and how one is drawn. Pure: the sources of randomness are injected."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from string import ascii_lowercase, ascii_uppercase, digits

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

# The classes of each character set; a password has at least one character of every class. No set has quotes, blanks,
# backslash, `$`, braces or `#`: a secret passes through shells, YAML, Jinja and .env files unharmed.
CHARSETS = {
    "alnum": (ascii_lowercase, ascii_uppercase, digits),
    "hex": (digits, "abcdef"),
    "base64url": (ascii_lowercase, ascii_uppercase, digits, "-_"),
    "ascii": (ascii_lowercase, ascii_uppercase, digits, "!%&()*+,-./:;<=>?@[]^_|~"),
}
KINDS = ("password", "key")
LENGTHS = range(16, 1025)
ARGUMENT_SPEC = {
    "length": {"type": "int", "default": 32},
    "charset": {"type": "str", "choices": list(CHARSETS), "default": "alnum"},
    "kind": {"type": "str", "choices": list(KINDS), "default": "password"},
}
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class SecretSpec:
    name: str
    length: int
    charset: str
    kind: str


def parse_specs(declared: dict) -> list[SecretSpec]:
    """Return the declared secrets with their defaults. Raise ValueError with the name of a wrong one."""
    return [_parse_spec(str(name), options or {}) for name, options in declared.items()]


def _parse_spec(name: str, options: dict) -> SecretSpec:
    if not VARIABLE_NAME.fullmatch(name):
        raise ValueError(f"secrets: {name!r} is not a variable name (letters, digits and _, no digit first).")
    if not isinstance(options, dict):
        raise ValueError(f"secrets.{name}: give its options as a dictionary, for example {{length: 32}}.")
    result = ArgumentSpecValidator(ARGUMENT_SPEC).validate(options)
    if result.error_messages:
        raise ValueError(f"secrets.{name}: {result.error_messages[0]}.")
    spec = SecretSpec(name, **result.validated_parameters)
    if spec.length not in LENGTHS:
        raise ValueError(f"secrets.{name}: length is {spec.length}, it must be {LENGTHS[0]} to {LENGTHS[-1]}.")
    return spec


def generate(spec: SecretSpec, choice=secrets.choice, token_bytes=secrets.token_bytes) -> str:
    """Return a new value. A password without all classes is drawn again, so that all others stay equally likely."""
    if spec.kind == "key":
        return base64.b64encode(token_bytes(spec.length)).decode("ascii")
    classes = CHARSETS[spec.charset]
    alphabet = "".join(classes)
    while True:
        value = "".join(choice(alphabet) for _place in range(spec.length))
        if all(any(character in value for character in group) for group in classes):
            return value


def placeholder(spec: SecretSpec) -> str:
    """Return what stands for a missing secret in check mode: recognisable, and at least as long as the real one."""
    return f"placeholder-{spec.name}".ljust(spec.length, "x")
