# SPDX-License-Identifier: GPL-3.0-or-later
"""The walk's long-lived process on the droplet: runs the collection's modules as Ansible would, each in a process of
its own, and can kill that process at a chosen event. One JSON object a line in, one out. Standard library only."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

PLACES = ("ansible_collections.izzzi.infra.plugins.modules", "ansible.modules")
# What changes the disk or starts a program: the moments between which a kill makes a difference.
EVENTS = ("subprocess.Popen", "os.rename", "os.remove", "os.mkdir", "os.symlink", "shutil.rmtree")
BEFORE, AFTER = "before", "after"  # of a run without a journal yet, or whose journal is closed
LIMIT = 240.0


def is_write(name: str, arguments: tuple) -> bool:
    """Whether the engine is asked to change something."""
    return name == "http.client.send" and bytes(arguments[1][:7]).startswith((b"POST ", b"DELETE "))


def is_event(name: str, arguments: tuple) -> bool:
    if name == "open":
        return isinstance(arguments[1], str) and any(letter in arguments[1] for letter in "wax+")
    return name in EVENTS


class Journal:
    """Says how far a release is: the step that its journal names, or whether that is yet to be or is gone."""

    def __init__(self, path: str):
        self._path, self._step = path, BEFORE

    def step(self) -> str:
        try:
            with open(self._path) as file:
                self._step = json.load(file)["step"]
        except FileNotFoundError:
            self._step = BEFORE if self._step == BEFORE else AFTER
        except (ValueError, KeyError, TypeError):
            pass  # cut short, by the walk
        return self._step


def count_and_kill(kill: dict) -> None:
    """Ends this process when the event of this number begins, or so many seconds later; -1 never. Of a `step`, only the
    events count while the `journal` names it."""
    seen = 0
    counts = is_write if kill.get("writes") else is_event
    journal = Journal(kill["journal"]) if kill.get("step") else None

    def look(name: str, arguments: tuple) -> None:
        nonlocal seen
        if os.getpid() != me or not counts(name, arguments) or (journal and journal.step() != kill["step"]):
            return
        if seen == kill["event"] and kill.get("later"):
            signal.setitimer(signal.ITIMER_REAL, kill["later"])  # nobody catches the alarm
        elif seen == kill["event"]:
            os.killpg(me, signal.SIGKILL) if kill["group"] else os.kill(me, signal.SIGKILL)
        seen += 1

    me = os.getpid()
    sys.addaudithook(look)


def find_module(name: str) -> str:
    own = Path(__file__).parent / PLACES[0].replace(".", "/") / f"{name}.py"
    return f"{PLACES[0] if own.exists() else PLACES[1]}.{name}"


def become(request: dict, output: int, kill: dict | None) -> None:
    """The child: Ansible's way to start a module."""
    from ansible.module_utils import basic

    os.setpgid(0, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update({name: str(value) for name, value in request.get("environment", {}).items()})
    given = {**request["arguments"], "_ansible_check_mode": request["check"], "_ansible_diff": False}
    basic._ANSIBLE_ARGS = json.dumps({"ANSIBLE_MODULE_ARGS": given}).encode()
    basic._ANSIBLE_PROFILE = "legacy"
    if kill:
        count_and_kill(kill)
    status = 0
    try:
        import_module(find_module(request["name"])).main()
    except SystemExit as ended:
        status = ended.code or 0
    except BaseException:
        import traceback

        traceback.print_exc()
        status = 70
    sys.stdout.flush()
    os._exit(status)


def module(request: dict) -> dict:
    """Runs one module. Without a result it was killed."""
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            become(request, output.fileno(), request.get("kill"))
        deadline = time.monotonic() + LIMIT
        while not (ended := os.waitpid(child, os.WNOHANG))[0]:
            if time.monotonic() > deadline:
                os.killpg(child, signal.SIGKILL)
            time.sleep(0.005)
        output.seek(0)
        text = output.read().decode(errors="replace")
    if os.WIFSIGNALED(ended[1]):
        return {"killed": True}
    try:
        return {"killed": False, "result": json.loads(text.splitlines()[-1])}
    except (ValueError, IndexError):
        return {"killed": False, "result": {"failed": True, "crashed": True, "msg": text[-3000:]}}


def shell(request: dict) -> dict:
    done = subprocess.run(
        ["sh", "-c", request["command"]], capture_output=True, text=True, errors="replace", timeout=LIMIT, check=False
    )
    return {"status": done.returncode, "output": done.stdout, "errors": done.stderr}


def write(request: dict) -> dict:
    path = Path(request["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(base64.b64decode(request["content"]))
    return {}


def main() -> None:
    known = ("release", "swarm_stack", "app_image", "swarm_node_images", "swarm_node")
    for name in (*known, "host_change", "command"):
        import_module(find_module(name))
    from data import insert, push, rows, tables
    from fetch import fetch
    from hosts_look import look as look_at_host
    from look import look
    from look_swarm import look_node, look_swarm
    from visitor import visits

    doing = {
        "module": module,
        "shell": shell,
        "write": write,
        "visits": visits,
        "look": look,
        "look_swarm": look_swarm,
        "look_node": look_node,
        "look_at_host": look_at_host,
        "fetch": fetch,
        "push": push,
        "rows": rows,
        "insert": insert,
        "tables": tables,
        "hello": lambda request: {},
    }
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as out:
        os.dup2(os.open("/dev/null", os.O_WRONLY), 1)
        for line in sys.stdin:
            request = json.loads(line)
            try:
                answer = doing[request["do"]](request)
            except Exception as error:
                answer = {"error": repr(error)}
            out.write(json.dumps(answer) + "\n")
            out.flush()


if __name__ == "__main__":
    main()
