# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is on the droplet, in one look: containers, images, networks, volumes, files."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import socket
from pathlib import Path


class _Engine(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect("/run/docker.sock")


def engine(path: str):
    connection = _Engine("localhost")
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


def files(directory: Path) -> dict[str, str]:
    found = {}
    for path in sorted(directory.rglob("*")):
        name = str(path)
        if path.is_symlink():
            found[name] = f"-> {os.readlink(path)}"
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return found


def container(item: dict) -> dict:
    labels = item["Labels"]
    return {
        "id": item["Id"][:12],
        "name": item["Names"][0].lstrip("/"),
        "project": labels.get("com.docker.compose.project", ""),
        "service": labels.get("com.docker.compose.service", ""),
        "state": item["State"],
        "published": any("PublicPort" in port for port in item["Ports"]),
        "image": item["Image"],
        "address": next((n["IPAddress"] for n in item["NetworkSettings"]["Networks"].values() if n["IPAddress"]), ""),
        "volumes": sorted(m.get("Name", "") for m in item["Mounts"] if m["Type"] == "volume"),
    }


def look(request: dict) -> dict:
    project, directory = request["project"], Path(request["directory"])
    mine = re.compile(rf"^{re.escape(project)}([-_/].*)?$")
    containers = [container(item) for item in engine("/containers/json?all=1")]
    images = [tag for item in engine("/images/json") for tag in item.get("RepoTags") or []]
    volumes = [v["Name"] for v in engine("/volumes")["Volumes"] or []]
    edge = Path(f"/etc/nginx/izzzi/{project}")
    releases = {}
    for path in directory.glob("releases/*/release.json"):
        try:
            manifest = json.loads(path.read_text())
            releases[manifest["id"]] = {k: manifest[k] for k in ("state", "services", "data_services", "live_at")}
        except ValueError:
            releases[path.parent.name] = {"state": "unreadable"}
    current = directory / "current"
    return {
        "containers": sorted(
            (c for c in containers if mine.match(c["project"]) or mine.match(c["name"])), key=lambda c: c["name"]
        ),
        "images": sorted(tag for tag in images if tag.startswith(f"{project}/")),
        "networks": sorted(n["Name"] for n in engine("/networks") if mine.match(n["Name"])),
        "volumes": sorted(v for v in volumes if mine.match(v)),
        "anonymous": sorted(v for v in volumes if re.fullmatch(r"[0-9a-f]{64}", v)),
        "files": files(directory),
        "edge": files(edge),
        "current": Path(os.readlink(current)).name if current.is_symlink() else "",
        "releases": releases,
    }
