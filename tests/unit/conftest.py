# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import hypothesis
import pytest
from ansible.module_utils.testing import patch_module_args
from ansible.plugins.loader import init_plugin_loader

# A property holds or does not; how long an example takes says more of what else the machine does.
hypothesis.settings.register_profile("izzzi", deadline=None)
hypothesis.settings.load_profile("izzzi")

# Templates in tests find the collection's filters by their full names, as in a play.
init_plugin_loader([str(Path(__file__).resolve().parents[2] / ".ansible" / "collections")])


@pytest.fixture(scope="session", autouse=True)
def history_of_tests(tmp_path_factory) -> Path:
    """No test leaves lines in the history of the machine that runs it."""
    from ansible_collections.izzzi.infra.plugins.module_utils._app import history  # only now does the loader find it

    history.ROOT = tmp_path_factory.mktemp("history") / "history"
    return history.ROOT


@pytest.fixture
def run_module(capsys) -> Callable[..., dict]:
    """Runs a module's main() in this process, as Ansible would, and returns its result."""

    def run(main: Callable[[], None], arguments: dict, *, check: bool = False) -> dict:
        with patch_module_args({**arguments, "_ansible_check_mode": check}), pytest.raises(SystemExit):
            main()
        return json.loads(capsys.readouterr().out)

    return run


def compose_command() -> list[str] | None:
    """Compose v2, as Docker's plugin or alone. Version 1 read .env files by other rules."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            version = subprocess.run([*command, "version", "--short"], capture_output=True, text=True)
            if version.returncode == 0 and int(version.stdout.strip().lstrip("v").split(".")[0]) >= 2:
                return command
    return None


class ComposeConfig:
    """Asks Docker Compose what a document means, with the variables of an .env text."""

    def __init__(self, command: list[str], directory: Path):
        self.command, self.directory = command, directory

    def __call__(self, document: dict, env: str = "") -> dict[str, dict]:
        (self.directory / "compose.yml").write_text(json.dumps(document))
        (self.directory / "project.env").write_bytes(env.encode())
        places = ["--project-directory", ".", "-f", "compose.yml", *(["--env-file", "project.env"] if env else [])]
        command = [*self.command, *places, "config", "--format", "json"]
        ran = subprocess.run(command, cwd=self.directory, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        # `config` doubles every $, so that its output is a Compose file again.
        services = json.loads(ran.stdout.replace("$$", "$"))["services"]
        return {name: services[name] for name in document["services"]}


@pytest.fixture(scope="module")
def compose_config(tmp_path_factory) -> ComposeConfig:
    command = compose_command()
    if command is None:
        pytest.skip("Docker Compose v2 is not installed here (docker compose version)")
    return ComposeConfig(command, tmp_path_factory.mktemp("compose"))
