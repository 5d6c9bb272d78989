# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide's procedure and `docker compose up -d --build`, on the same droplet as the role."""

from __future__ import annotations

import io
import json
import secrets
import shlex
import shutil
import subprocess
import tarfile
import time
from pathlib import Path

from tests.e2e.driver import BIN, ROOT, droplet_address, http, on_droplet, run_playbook, ssh
from tests.load.releases import Row, Traffic, app

PLAIN = "docker compose up -d --build"
PROCEDURES = {
    "the guide: down, build, up, sleep 10": "docker compose down; docker compose build; docker compose up -d; sleep 10",
    PLAIN: PLAIN,
}
DIRECTORY = "/opt/plain"
SMALL = {
    "name": "plain",
    "services": {
        "web": {
            "build": "source",
            "restart": "unless-stopped",
            "ports": ["127.0.0.1:21000:4000"],
            "environment": {"RELEASE": "${RELEASE}"},
        }
    },
}


def place(files: dict[str, Path | str]) -> None:
    """Files and directories into the droplet's directory, in the place of what was there."""
    pack = io.BytesIO()
    with tarfile.open(fileobj=pack, mode="w") as tar:
        for name, content in files.items():
            if isinstance(content, Path):
                tar.add(content, name, filter=lambda info: None if "/node_modules" in info.name else info)
                continue
            info = tarfile.TarInfo(name)
            info.size = len(content.encode())
            tar.addfile(info, io.BytesIO(content.encode()))
    unpack = f"sudo sh -c 'mkdir -p {DIRECTORY}; rm -rf {DIRECTORY}/source; tar -x --no-same-owner -C {DIRECTORY}'"
    subprocess.run(ssh(droplet_address(), unpack), input=pack.getvalue(), check=True, timeout=120)


def compose(command: str) -> None:
    on_droplet(f"sudo sh -c {shlex.quote(f'cd {DIRECTORY} && ({command}) >/dev/null 2>&1')}")


def under_load(folder: Path, rate: int, what: str) -> Row:
    """One release of the small app by another procedure, on the ports that its site knows."""

    def small(number: int) -> dict[str, Path | str]:
        source = app(folder / f"{len(list(folder.iterdir()))}-plain", kind="good", number=number, of=what)
        return {"compose.yml": json.dumps(SMALL), "source": source, ".env": f"RELEASE=plain-{number}\n"}

    on_droplet("sudo docker ps -q --filter name=load- | xargs -r sudo docker stop >/dev/null")
    place(small(0))
    compose("docker compose up -d --build")
    on_droplet("sudo sed -i 's/:21100;/:21000;/' /etc/nginx/izzzi/load/http.conf; sudo systemctl reload nginx; sleep 3")
    place(small(1))
    traffic = Traffic(rate)
    with traffic:
        begun = time.monotonic()
        compose(PROCEDURES[what])
        seconds = time.monotonic() - begun
        while "plain-1" not in traffic.result.first_seen and time.monotonic() - begun < 120:
            time.sleep(0.2)
        time.sleep(2)
    compose("docker compose down --rmi all")
    met = traffic.result.first_seen.get("plain-1")
    return Row(what, met and met - begun, seconds, traffic.result.failed, 0, [] if met else ["it never answered"])


# What a change touches, in both images; after one in package.json they install all that the app depends on again.
CODE = ("apps/backend/src/main.ts", "apps/frontend/app/icon.svg", "apps/frontend/app/page.tsx")
DEPENDENCIES = ("package.json",)


def changed_demo(folder: Path, word: str, files: tuple[str, ...]) -> Path:
    """The demo app with a change that no build cache of an earlier proof knows."""
    mark = f"{word} {secrets.token_hex(8)}"
    source = folder / mark.replace(" ", "-")
    shutil.copytree(ROOT / "examples/app", source, ignore=shutil.ignore_patterns("node_modules", ".next", "dist"))
    for file in files:
        path = source / file
        path.write_text(marked(path, mark))
    return source


def marked(path: Path, mark: str) -> str:
    text = path.read_text()
    if path.suffix == ".json":
        return text.replace('"description": "', f'"description": "{mark}: ', 1)
    return text + (f"<!-- {mark} -->\n" if path.suffix == ".svg" else f"// {mark}\n")


def seconds_until(url: str, wanted, begun: float, process: subprocess.Popen) -> float:
    while time.monotonic() - begun < 600:
        try:
            reply = http(url)
            if reply.status == 200 and wanted(reply.json["release"]):
                return time.monotonic() - begun
        except (OSError, ValueError):
            pass  # nothing answers there yet; the loop is bounded
        assert process.poll() in (None, 0), "the release failed"
        time.sleep(0.2)
    raise AssertionError(f"{url} did not change within 600 s")


def demo_by_role(folder: Path, change: tuple[str, ...]) -> float:
    """Seconds from the command to the demo app's new release in front of visitors."""
    source = changed_demo(folder, "role", change)
    url = f"http://{droplet_address()}/api/health"
    before = http(url).json["release"]
    begun = time.monotonic()
    extra = json.dumps({"app_source": {"path": str(source)}})
    process = subprocess.Popen(
        [BIN / "ansible-playbook", "playbooks/deploy.yml", "-e", extra], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    seconds = seconds_until(url, lambda release: release != before, begun, process)
    assert process.wait(timeout=300) == 0
    return seconds


def demo_by_compose(folder: Path, change: tuple[str, ...]) -> float:
    """The same by plain Compose, of the same document: seconds until its backend is the new one."""
    live = json.loads(on_droplet("sudo cat /opt/izzzi/current/release.json"))["colour"]
    document = json.loads(on_droplet(f"sudo cat /opt/izzzi/{live}/compose.yml"))
    for name, service in document["services"].items():
        service["image"] = f"plain/{name}"
        service["build"]["context"] = f"{DIRECTORY}/source"
        service["ports"] = [f"127.0.0.1:2200{len(name) % 10}:{service['ports'][0].rpartition(':')[2]}"]
    # The other colour's network: there the data services are known, and nobody else.
    document["networks"]["default"]["name"] = f"izzzi-{'green' if live == 'blue' else 'blue'}"
    document["name"] = "plain"
    environment = on_droplet(f"sudo grep -v ^RELEASE= /opt/izzzi/{live}/.env")
    port = document["services"]["backend"]["ports"][0].split(":")[1]

    def files(word: str) -> dict[str, Path | str]:
        return {
            "compose.yml": json.dumps(document),
            ".env": f"{environment}RELEASE={word}\n",
            "source": changed_demo(folder, word, change),
        }

    try:
        place(files("before"))
        compose(f"{PLAIN} --wait")
        place(files("after"))
        begun = time.monotonic()
        compose(PLAIN)
        probe = f"curl -sS --max-time 5 http://127.0.0.1:{port}/api/health || true"
        while '"after"' not in on_droplet(probe):
            assert time.monotonic() - begun < 600
            time.sleep(0.2)
        return time.monotonic() - begun
    finally:
        compose("docker compose down --rmi all")
        on_droplet(f"sudo rm -rf {DIRECTORY}")


def restore_demo() -> None:
    run = run_playbook("playbooks/deploy.yml")
    assert run.status == 0, run.output[-3000:]
