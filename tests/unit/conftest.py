from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible.plugins.loader import init_plugin_loader

# Templates in tests find the collection's filters by their full names, as in a play.
init_plugin_loader([str(Path(__file__).resolve().parents[2] / ".ansible" / "collections")])


@pytest.fixture
def run_module(capsys) -> Callable[..., dict]:
    """Runs a module's main() in this process, as Ansible would, and returns its result."""

    def run(main: Callable[[], None], arguments: dict, *, check: bool = False) -> dict:
        with patch_module_args({**arguments, "_ansible_check_mode": check}), pytest.raises(SystemExit):
            main()
        return json.loads(capsys.readouterr().out)

    return run
