# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables of a declaration mean what the droplet's Docker Compose makes of them: hundreds of random texts."""

from __future__ import annotations

import json
import random
import subprocess

from ansible_collections.izzzi.infra.plugins.module_utils._app.variables import VariableError, interpolate

from tests.e2e.driver import droplet_address, ssh

VALUES = {"A": "one", "B": "b b", "EMPTY": ""}  # C is not set
OPERATORS = ("-", ":-", "+", ":+", "?", ":?")
ENVIRONMENT = " ".join(f"{name}='{value}'" for name, value in VALUES.items())


def text(draw: random.Random, depth: int = 0) -> str:
    """One to three parts: plain ones, dollars, variables, words that hold the same again."""
    return "".join(part(draw, depth) for _ in range(draw.randint(1, 3)))


def part(draw: random.Random, depth: int) -> str:
    kind, name = draw.random(), draw.choice([*VALUES, "C"])
    if kind < 0.3:
        return draw.choice(["a", "x:1", " ", "/", "{a}", "é", "?", ":-", "$$", "$ ", "$5"])
    if name != "C" and kind < 0.5:  # Compose only warns of one that is not set; here that is an error
        return draw.choice([f"${name}.", f"${{{name}}}"])
    word = text(draw, depth + 1) if depth < 3 else ""
    return f"${{{name}{draw.choice(OPERATORS)}{word}}}"


def asked(texts: list[str]) -> subprocess.CompletedProcess[str]:
    """What Compose makes of them, in one document."""
    variables = {f"V{number}": text for number, text in enumerate(texts)}
    document = {"services": {"web": {"image": "x", "environment": variables}}}
    command = f"cd /tmp && {ENVIRONMENT} docker compose --project-name variables --file - config --format json"
    return subprocess.run(
        ssh(droplet_address(), command), input=json.dumps(document), capture_output=True, text=True, timeout=60
    )


def resolved(text: str) -> str | None:
    try:
        return interpolate(text, VALUES)
    except VariableError:
        return None


def test_what_is_accepted_means_the_same():
    draw = random.Random(7)
    samples = [text(draw) for _ in range(600)]
    expected = {sample: value for sample in samples if (value := resolved(sample)) is not None}
    answer = asked([*expected])
    assert answer.returncode == 0, answer.stderr
    # `config` doubles every $, so that its output is a Compose file again.
    found = json.loads(answer.stdout.replace("$$", "$"))["services"]["web"]["environment"]
    assert {sample: found[f"V{number}"] for number, sample in enumerate(expected)} == expected
    assert len(expected) > 200


def test_what_is_refused_is_refused_by_compose():
    draw = random.Random(8)
    refused = [sample for sample in [text(draw) for _ in range(100)] if resolved(sample) is None]
    assert len(refused) >= 10
    for sample in [*refused[:10], "a ${5}", "${", "${A b}", "${A:=b}"]:
        assert asked([sample]).returncode != 0, sample
