#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for `docker` on a host whose files are damaged: containers are a JSON list beside it, and every question
that needs a Compose file fails as long as the file `healthy` is missing. The real one is met in molecule."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path


def load(here: Path) -> list[dict]:
    return json.loads((here / "engine.json").read_text()) if (here / "engine.json").exists() else []


def save(here: Path, containers: list[dict]) -> None:
    (here / "engine.json").write_text(json.dumps(containers))


def wanted(here: Path, label_filters: list[str]) -> list[dict]:
    project = next((f.rpartition("=")[2] for f in label_filters if "compose.project=" in f), None)
    return [c for c in load(here) if project in (None, c["Config"]["Labels"]["com.docker.compose.project"])]


def container(here: Path, arguments: list[str]) -> int:
    verb, ids = arguments[0], [a for a in arguments[1:] if not a.startswith("-")]
    everything = load(here)
    if verb == "ls":
        print(*(c["Id"] for c in wanted(here, arguments)), sep="\n")
    elif verb == "inspect" and "--format" in arguments:  # of what is to be restarted when
        print(*(f"{c['Id']} {c.get('Policy', 'unless-stopped')}" for c in everything if c["Id"] in ids), sep="\n")
    elif verb == "inspect":
        print(json.dumps([c for c in everything if c["Id"] in ids]))
    elif verb == "logs":
        print(next(c for c in everything if c["Id"] == ids[-1]).get("Said", ""))
    elif verb in ("start", "stop", "unpause"):
        for c in everything:
            if c["Id"] in ids and verb == "start" and c["State"]["Status"] == "paused":
                print("cannot start a paused container, try unpause instead", file=sys.stderr)
                return 1
            if c["Id"] in ids:
                c["State"]["Status"] = "exited" if verb == "stop" else "running"
        save(here, everything)
    elif verb == "rm":
        if not any(c["Id"] in ids for c in everything):
            return 1
        save(here, [c for c in everything if c["Id"] not in ids])
    return 0


def compose(here: Path, arguments: list[str]) -> int:
    if not (here / "healthy").exists():
        print("validating compose.yml: services.web Additional property enviroment is not allowed", file=sys.stderr)
        return 15
    if "up" in arguments:
        document = json.loads(Path(arguments[arguments.index("--file") + 1]).read_text())
        project = arguments[arguments.index("--project-name") + 1]
        others = [c for c in load(here) if c["Config"]["Labels"]["com.docker.compose.project"] != project]
        place = arguments[arguments.index("--project-directory") + 1]
        made = [new(project, name, s["image"], s.get("ports", [])) for name, s in document["services"].items()]
        for c in made:
            c["Config"]["Labels"]["com.docker.compose.project.working_dir"] = place
        save(here, others + made)
    return 0


def image(_here: Path, arguments: list[str]) -> int:
    """Lists an image by the name that is asked for, with its project's service `web`. None declares a volume."""
    if arguments[0] == "inspect":
        print("null")
    if arguments[0] == "ls":
        print(arguments[-1].removeprefix("reference=").replace("*", "web"))
    return 0


def events(here: Path, arguments: list[str]) -> int:
    """Tells how containers of a project ended; the one that is asked for runs again and has forgotten it."""
    print(*(f"{c['Id']} {c['Ended']}" for c in wanted(here, arguments) if "Ended" in c), sep="\n")
    return 0


def new(project: str, service: str, image: str, ports: list[str] = (), status: str = "running") -> dict:
    bindings = {f"{p.split(':')[2]}/tcp": [{"HostIp": "127.0.0.1", "HostPort": p.split(":")[1]}] for p in ports}
    return {
        "Id": f"{project}-{service}",
        "Name": f"/{project}-{service}-1",
        "Image": "sha256:1",
        "RestartCount": 0,
        "State": {"Status": status, "ExitCode": 0},
        "HostConfig": {"PortBindings": bindings},
        "Config": {
            "Image": image,
            "Labels": {"com.docker.compose.project": project, "com.docker.compose.service": service},
        },
    }


def answer(here: Path, arguments: list[str]) -> int:
    """Prints what docker would, and returns its exit status. `here` is the folder of this host's engine."""
    noun, rest = arguments[0], arguments[1:]
    with (here / "asked").open("a") as log:
        print(*arguments, file=log)
    verbs = {"container": container, "compose": compose, "image": image, "events": events}
    return verbs[noun](here, rest) if noun in verbs else 0


def answer_here(here: Path, arguments: list[str]) -> tuple[int, str, str]:
    """Return status, output and errors, without a process: a Python for each question took most of the tests' time."""
    output, errors = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        status = answer(here, arguments)
    return status, output.getvalue(), errors.getvalue()


if __name__ == "__main__":
    sys.exit(answer(Path(sys.argv[0]).resolve().parent, sys.argv[1:]))
