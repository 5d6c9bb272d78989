# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.inspected import inspected
from ansible_collections.izzzi.infra.plugins.module_utils._app.program import CommandError

# As the client of engine 20.10, and as that of 26 says it, after what it found of the others.
DOCKER = """#!/bin/sh
shift 2
found=
for id; do
  case $id in
    gone*) echo "Error: No such container: $id" >&2; bad=1 ;;
    left*) echo "Error response from daemon: No such container: $id" >&2; bad=1 ;;
    sick*) echo "Error response from daemon: i/o timeout" >&2; bad=1 ;;
    *) found="$found{\\"Id\\": \\"$id\\"}," ;;
  esac
done
echo "[${found%,}]"
exit ${bad:-0}
"""


@pytest.fixture(autouse=True)
def docker(tmp_path, monkeypatch):
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


def ids(*asked: str) -> list[str]:
    return [one["Id"] for one in json.loads(inspected(asked))]


def test_what_has_gone_since_it_was_listed_is_left_out():
    assert ids("a", "gone1", "b", "left2") == ["a", "b"]
    assert ids("gone1", "gone2") == []
    assert ids() == []


def test_any_other_failure_is_one():
    with pytest.raises(CommandError, match="i/o timeout"):
        ids("a", "sick1")
