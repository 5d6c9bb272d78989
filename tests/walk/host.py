# SPDX-License-Identifier: GPL-3.0-or-later
"""The droplet of a walk: made once, kept between walks, reached through one long-lived process on it."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import tarfile
import time
from pathlib import Path
from typing import Any

from .role import Killed

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / ".venv/bin"
SANDBOX_HOME = Path(os.environ.get("IZZZI_SANDBOX_HOME", "~/.local/state/izzzi-sandbox")).expanduser()
PLACE = "/var/lib/izzzi-walk"


def address_of(name: str) -> str:
    """The droplet's public address, from the sandbox's API."""
    token = (SANDBOX_HOME / "token").read_text().strip()
    url = f"http://127.0.0.1:8780/v2/droplets?name={name}"
    answer = subprocess.run(
        ["curl", "-fsS", "-H", "@-", url],
        input=f"Authorization: Bearer {token}",
        capture_output=True,
        text=True,
        check=True,
    )
    droplets = json.loads(answer.stdout)["droplets"]
    if not droplets:
        return ""
    return next(n["ip_address"] for n in droplets[0]["networks"]["v4"] if n["type"] == "public")


class HostError(Exception):
    """The droplet could not do what it was asked."""


class Host:
    """What the walk asks of the droplet."""

    def __init__(self, address: str):
        self.address = address
        self._process: subprocess.Popen | None = None
        self._upload()

    def ssh(self, command: str) -> list[str]:
        options = [
            "-oBatchMode=yes",
            "-oStrictHostKeyChecking=no",
            "-oUserKnownHostsFile=/dev/null",
            "-oLogLevel=ERROR",
        ]
        return ["ssh", "-i", str(SANDBOX_HOME / "id_ed25519"), *options, f"deploy@{self.address}", command]

    def _upload(self) -> None:
        """The collection's modules, Ansible's helpers for them, and the walk's own programs."""
        import ansible

        packed = io.BytesIO()
        base = "ansible_collections/izzzi/infra/plugins"
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for part in ("modules", "module_utils"):
                archive.add(ROOT / "plugins" / part, f"{base}/{part}", filter=_sources)
            archive.add(Path(ansible.__file__).parent / "module_utils", "ansible/module_utils", filter=_sources)
            for name in ("apt", "command", "file", "systemd_service", "user"):
                archive.add(Path(ansible.__file__).parent / f"modules/{name}.py", f"ansible/modules/{name}.py")
            archive.addfile(tarfile.TarInfo("ansible/__init__.py"))  # empty, as Ansible sends it
            for path in (Path(__file__).parent / "droplet").iterdir():
                archive.add(path, path.name, filter=_sources)
        unpack = f"sudo sh -c 'rm -rf {PLACE} && mkdir -p {PLACE} && tar -xz -C {PLACE}'"
        subprocess.run(self.ssh(unpack), input=packed.getvalue(), check=True, timeout=60)

    def _agent(self) -> subprocess.Popen:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                self.ssh(f"sudo python3 -u {PLACE}/agent.py"), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        return self._process

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        agent = self._agent()
        agent.stdin.write(json.dumps({"do": do, **request}) + "\n")
        agent.stdin.flush()
        line = agent.stdout.readline()
        assert line, f"the droplet's process ended while it did {do}"
        answer = json.loads(line)
        if "error" in answer:
            raise HostError(answer["error"])
        return answer

    def shell(self, command: str, check: bool = True) -> str:
        done = self.ask("shell", command=command)
        assert done["status"] == 0 or not check, f"{command}: {done['errors']}"
        return done["output"]

    def reboot(self, directory: str, disk: int) -> None:
        """As `systemctl reboot` does it; back when the engine and nginx run again. The app's small file system, which
        lives in memory, is put aside meanwhile."""
        self.shell(f"rm -rf {PLACE}-aside && cp -a {directory} {PLACE}-aside")
        self._reboot()
        self.shell(f"mount -t tmpfs -o size={disk}k walk {directory} && cp -a {PLACE}-aside/. {directory}/")

    def _reboot(self) -> None:
        before = self.shell("cat /proc/sys/kernel/random/boot_id; stat -c %Y /proc/1")
        self.close()
        subprocess.run(self.ssh("sudo systemd-run --on-active=0.2 systemctl reboot"), check=False, capture_output=True)
        deadline = time.monotonic() + 90
        ready = "sudo stat -c %Y /proc/1; systemctl is-active docker nginx"
        while time.monotonic() < deadline:
            time.sleep(0.5)
            seen = subprocess.run(self.ssh(ready), check=False, capture_output=True, text=True).stdout.split()
            if seen[1:] == ["active", "active"] and seen[0] != before.split()[-1]:
                return
        raise AssertionError("the droplet did not come back")

    def prepare(self, image: Path) -> None:
        """The walk's image in two versions, and what its data services run."""
        # Another walk may have ended where one of them could not start.
        self.shell("systemctl reset-failed; systemctl start docker; [ ! -d /etc/nginx ] || systemctl start nginx")
        for path in image.iterdir():
            content = base64.b64encode(path.read_bytes()).decode()
            self.ask("write", path=f"{PLACE}/image/{path.name}", content=content)
        for version in ("1", "2"):
            self.shell(f"echo {version} >{PLACE}/image/version")
            self.shell(f"docker build -q --label version={version} -t izzzi-walk:{version} {PLACE}/image")
        for name in ("redis:8", "postgres:17"):
            self.shell(f"docker image inspect {name} >/dev/null 2>&1 || docker pull -q {name}")
        self.shell("docker tag redis:8 redis:7")

    def clear(self, project: str, directory: str, disk: int) -> None:
        """Nothing is left of the app; its directory is a file system of its own, of `disk` KiB."""
        self.shell(
            f"docker ps -aq --filter name=^{project}- | xargs -r docker rm -fv >/dev/null;"
            f" docker network ls -q --filter name=^{project}[-_] | xargs -r docker network rm >/dev/null;"
            f" docker volume ls -q --filter name=^{project}_ | xargs -r docker volume rm >/dev/null;"
            " docker volume prune --force >/dev/null;"
            f" docker image ls --format '{{{{.Repository}}}}:{{{{.Tag}}}}' --filter reference='{project}/*'"
            " | xargs -r docker rmi -f >/dev/null;"
            f" cd /etc/nginx/izzzi/{project} && rm -f http.conf server.conf; nginx -q -t && systemctl reload nginx;"
            f" umount {directory} 2>/dev/null; rm -rf {directory};"
            f" mkdir -p {directory} && mount -t tmpfs -o size={disk}k walk {directory}"
        )

    def fill(self, directory: str, free: int) -> None:
        """So that `free` KiB are left."""
        self.shell(
            f"cat /dev/zero >{directory}/filler 2>/dev/null;"
            f" truncate -s $(($(stat -c %s {directory}/filler) - {free} * 1024)) {directory}/filler"
        )

    def unfill(self, directory: str) -> None:
        self.shell(f"rm -f {directory}/filler")

    def wait_for_stragglers(self) -> None:
        """Programs that a killed module had started go on without it; a lock outlives them."""
        self.shell(
            "for i in $(seq 100); do pgrep -f '^docker .*(compose|build|pull)' >/dev/null || break; sleep 0.1; done"
        )

    def close(self) -> None:
        if self._process:
            self._process.stdin.close()
            self._process.wait(timeout=20)
        self._process = None


def _sources(info: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in info.name else info


class Modules:
    """How a role's run reaches the host; counts the processes, and kills the one of a chosen number."""

    NAMES: tuple[str, ...] = ("release",)

    def __init__(self, host: Host, kill: dict[str, Any] | None = None, source: str = ""):
        self._host, self._kill, self._source = host, kill, source
        self.calls = 0

    def _host_change(self, given: dict[str, Any], check: bool) -> dict[str, Any]:
        """The command izzzi is written by it, which nobody types here: tests/e2e/test_9_guide.py does."""
        return {"changed": False}

    def __call__(self, name: str, given: dict[str, Any], check: bool) -> dict[str, Any]:
        if does := getattr(self, f"_{name}", None):
            return does(given, check)
        assert name in self.NAMES, f"tests/walk/host.py does not know the module {name}"
        kill = None
        if self._kill and not check and self.calls >= self._kill["call"]:
            kill = {key: value for key, value in self._kill.items() if key != "call"}
        self.calls += 1
        answer = self._host.ask("module", name=name, arguments=given, check=check, kill=kill)
        which = f"{name} {given.get('action') or ''}"
        if answer["killed"] or kill:
            raise Killed(which)
        result = answer["result"]
        assert not result.get("crashed"), f"{which} crashed:\n{result['msg']}"
        return result

    def _file(self, given: dict[str, Any], check: bool) -> dict[str, Any]:
        if given["state"] == "absent":  # what the command izzzi is told, which is not written here
            return {"changed": False}
        assert given["state"] == "directory", given
        if not check:
            done = self._host.ask("shell", command=f"mkdir -p {given['path']}")
            if done["status"]:
                return {"failed": True, "msg": done["errors"]}
        return {"changed": True}

    def _copy(self, given: dict[str, Any], check: bool) -> dict[str, Any]:
        """The packed source, as preflight has packed it."""
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w:gz") as archive:
            for name, text in SOURCE.items():
                content = text.replace("VERSION", self._source).encode()
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        try:
            self._host.ask("write", path=given["dest"], content=base64.b64encode(packed.getvalue()).decode())
        except HostError as error:
            return {"failed": True, "msg": str(error)}
        return {"changed": True}

    def _fetch(self, given: dict[str, Any], check: bool) -> dict[str, Any]:
        return {"changed": False, "dest": given["dest"]}

    def _source_archive(self, given: dict[str, Any], check: bool) -> dict[str, Any]:
        return {"changed": False, "archive": "source.tar", "release": f"tree-{self._source}", "text": None}


# A source that builds in a moment.
SOURCE = {
    "Dockerfile": "FROM izzzi-walk:1\nCOPY version /version\n",
    "Broken": "FROM izzzi-walk:1\nRUN echo no such command; exit 17\n",
    "version": "VERSION\n",
}
