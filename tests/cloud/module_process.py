# SPDX-License-Identifier: GPL-3.0-or-later
"""The module `environment` in processes of its own, as Ansible starts it on the controller. They are forked from one
that has imported the module, which is half of the time of such a run."""

from __future__ import annotations

import importlib
import json
import multiprocessing
import os
import tempfile
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).resolve().parents[2]
FORKED = multiprocessing.get_context("forkserver")

LOADED = ["ansible.module_utils.testing", "ansible_collections.izzzi.infra.plugins.modules.environment"]


@dataclass
class Module:
    process: BaseProcess
    output: Path

    def kill(self) -> None:
        self.process.kill()
        self.process.join(10)

    def result(self, timeout: float = 60) -> dict[str, Any]:
        self.process.join(timeout)
        assert self.process.exitcode is not None, f"it has not ended after {timeout:.0f} s"
        out, err = ((self.output / name).read_text() for name in ("out", "err"))
        assert out.strip(), err
        assert "Traceback" not in err + out, err + out
        return json.loads(out)


def run_main(arguments: dict[str, Any], environ: dict[str, str], output: Path) -> None:
    """Run the module's main(), with files for what it writes."""
    testing, module = (importlib.import_module(name) for name in LOADED)
    os.environ.update(environ)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(output / name, os.O_WRONLY | os.O_CREAT, 0o600), number)
    with testing.patch_module_args(arguments):
        module.main()


def start_server() -> None:
    with mock.patch.dict(os.environ, PYTHONPATH=f"{ROOT / '.ansible/collections'}:{ROOT}"):
        forkserver.set_forkserver_preload([__name__, *LOADED])
        forkserver.ensure_running()


def spawn(arguments: dict[str, Any], *, check: bool = False, diff: bool = True, **environ: str) -> Module:
    start_server()
    output = Path(tempfile.mkdtemp(prefix="module-"))
    given = {**arguments, "_ansible_check_mode": check, "_ansible_diff": diff}
    process = FORKED.Process(target=run_main, args=(given, environ, output))
    process.start()
    return Module(process, output)
