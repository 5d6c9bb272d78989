# SPDX-License-Identifier: GPL-3.0-or-later
"""The Swarm of a walk: three droplets, made once, and how a role's run reaches its manager."""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from functools import cache
from pathlib import Path
from typing import Any

from .host import BIN, ROOT, Host, Modules, address_of

ACCOUNT = os.environ.get("IZZZI_WALK_SWARM", "walkswarm")  # the project in the sandbox's account
NAMES = {"manager": f"{ACCOUNT}-dev-manager", "one": f"{ACCOUNT}-dev-worker", "two": f"{ACCOUNT}-dev-worker-2"}
WORKERS = ("one", "two")
HERE = Path(__file__).parent


class Swarm:
    """The manager, on which modules run, and the workers."""

    def __init__(self) -> None:
        self.hosts = {short: Host(address_of(name)) for short, name in NAMES.items()}
        self.manager = self.hosts["manager"]
        self.private = {short: host.shell("hostname -I").split() for short, host in self.hosts.items()}
        self.addresses = [next(a for a in mine if a.startswith("10.74.")) for mine in self.private.values()]
        self.registry = f"{self.addresses[0]}:5000"
        self.manager.prepare(HERE / "image")
        for version in ("1", "2"):
            name = f"{self.registry}/izzzi-walk:{version}"
            self.manager.shell(f"docker tag izzzi-walk:{version} {name} && docker push -q {name}")
        self.manager.shell("docker image inspect nginx:1.26 >/dev/null 2>&1 || docker pull -q nginx:1.26")

    def clear(self, project: str) -> None:
        """Nothing is left of the app, and every node is open."""
        for host in self.hosts.values():
            host.shell("systemctl is-active -q docker || { systemctl reset-failed docker; systemctl start docker; }")
        self.until_ready()
        for short in WORKERS:
            self.open_by_hand(short)
        self.manager.shell(
            "for kind in service secret config; do"
            f" docker $kind ls -q --filter label=izzzi.app={project} | xargs -r docker $kind rm >/dev/null; done;"
            " for i in $(seq 120); do"
            f" docker network rm {project} >/dev/null 2>&1;"
            f" docker network ls -q --filter name=^{project}$ | grep -q . || break; sleep 0.5; done;"
            f" rm -rf /opt/{project}"
        )
        mine = f"docker ps -aq --filter label=izzzi.app={project}"
        for host in self.hosts.values():
            host.shell(
                f"for i in $(seq 100); do {mine} | grep -q . || break;"
                f" {mine} --filter status=exited | xargs -r docker rm -f >/dev/null; sleep 0.3; done;"
                f" docker volume ls -q --filter name=^{project}_ | xargs -r docker volume rm >/dev/null;"
                f" docker image ls -q --filter reference='{self.registry}/{project}/*' | sort -u"
                " | xargs -r docker rmi -f >/dev/null"
            )

    def open_by_hand(self, short: str, availability: str = "active") -> None:
        self.manager.shell(f"docker node update --availability {availability} {NAMES[short]} >/dev/null")

    def restart_engine(self, short: str) -> None:
        self.hosts[short].shell("systemctl reset-failed docker; systemctl restart docker")

    def reboot(self, short: str) -> None:
        """As `systemctl reboot` does it; back when the managers count on the node again."""
        host = self.hosts[short]
        before = host.shell("stat -c %Y /proc/1").strip()
        host.close()
        subprocess.run(host.ssh("sudo systemd-run --on-active=0.2 systemctl reboot"), check=False, capture_output=True)
        seen = ""
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and seen in ("", before):
            time.sleep(0.5)
            done = subprocess.run(host.ssh("sudo stat -c %Y /proc/1"), check=False, capture_output=True, text=True)
            seen = done.stdout.strip()
        assert seen not in ("", before), f"{NAMES[short]} did not come back"

    def until_ready(self) -> None:
        """Every node answers its manager."""
        line = "docker node ls --format '{{.Status}}' | sort -u"
        self.manager.shell(f'for i in $(seq 240); do [ "$({line})" = Ready ] && exit; sleep 0.5; done; exit 1')


@cache
def ready_swarm() -> Swarm:
    """The walk's own Swarm with the walk's image in its registry."""
    if not all(address_of(name) for name in NAMES.values()):
        made = subprocess.run(
            [BIN / "ansible-playbook", HERE / "ground_swarm.yml", "-e", f"walk_project={ACCOUNT}"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert made.returncode == 0, made.stdout[-3000:] + made.stderr[-1000:]
    return Swarm()


class SwarmModules(Modules):
    """The modules of roles/swarm_stack, on the manager."""

    NAMES = ("swarm_stack", "app_image", "swarm_node_images", "swarm_node")

    def _file(self, given: dict[str, Any], check: bool) -> dict[str, Any]:
        if given["state"] == "directory":
            return super()._file(given, check)
        assert given["state"] == "absent", given
        self._host.shell(f"rm -rf {given['path']}")
        return {"changed": True}

    def _command(self, given: dict[str, Any], check: bool) -> dict[str, Any]:
        """A command that is given a text, such as nginx its configuration."""
        words = " ".join(map(shlex.quote, given["argv"]))
        done = self._host.ask("shell", command=f"printf %s {shlex.quote(given['stdin'])} | {words}")
        return {"changed": False, "rc": done["status"], "stdout": done["output"], "stderr": done["errors"]}
