# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives out the collections of the package `ansible`, by Galaxy's API, where Galaxy itself cannot be reached."""

from __future__ import annotations

import hashlib
import io
import json
import re
import socket
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import ansible_collections

PACKAGED = Path(list(ansible_collections.__path__)[-1])
GALAXY = ("galaxy.ansible.com", 443)
COLLECTION = re.compile(r"/api/v3/collections/(\w+)/(\w+)(?:/(versions)(?:/([\w.-]+))?)?/?")
MADE = {"created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z"}
ARCHIVE = re.compile(r"/(\w+)-(\w+)\.tar\.gz")


def is_reachable(timeout: float = 5) -> bool:
    try:
        socket.create_connection(GALAXY, timeout).close()
    except OSError:
        return False
    return True


def about(namespace: str, name: str) -> dict:
    manifest = json.loads((PACKAGED / namespace / name / "MANIFEST.json").read_text())
    return manifest["collection_info"]


@cache
def archive(namespace: str, name: str) -> bytes:
    """Pack a collection anew, with the files that the package has: it leaves tests out, of which FILES.json tells."""
    folder = PACKAGED / namespace / name
    contents = {"/".join(path.relative_to(folder).parts): path for path in sorted(folder.rglob("*"))}
    kept = {name: path for name, path in contents.items() if "__pycache__" not in path.parts}
    files = [_entry(name, path) for name, path in kept.items() if name not in ("MANIFEST.json", "FILES.json")]
    listed = json.dumps({"files": [{"name": ".", "ftype": "dir", "format": 1}, *files], "format": 1}).encode()
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    manifest["file_manifest_file"] |= {"chksum_type": "sha256", "chksum_sha256": hashlib.sha256(listed).hexdigest()}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=1) as tar:
        for name, content in (("MANIFEST.json", json.dumps(manifest).encode()), ("FILES.json", listed)):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for entry in files:
            tar.add(kept[entry["name"]], entry["name"], recursive=False)
    return packed.getvalue()


def _entry(name: str, path: Path) -> dict:
    if path.is_dir():
        return {"name": name, "ftype": "dir", "format": 1}
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"name": name, "ftype": "file", "chksum_type": "sha256", "chksum_sha256": checksum, "format": 1}


class Galaxy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if found := ARCHIVE.fullmatch(path):
            self._answer(200, archive(*found.groups()), "application/gzip")
        elif path.rstrip("/") == "/api":
            self._json({"available_versions": {"v3": "v3/"}})
        elif (found := COLLECTION.fullmatch(path)) and (PACKAGED / found[1] / found[2]).is_dir():
            namespace, name, versions, version = found.groups()
            about_all = self._versions(namespace, name) if versions else MADE
            self._json(self._version(namespace, name) if version else about_all)
        else:
            self._answer(404, b"{}", "application/json")

    def _versions(self, namespace: str, name: str) -> dict:
        return {"data": [{"version": about(namespace, name)["version"]}], "links": {"next": None}}

    def _version(self, namespace: str, name: str) -> dict:
        info = about(namespace, name)
        return {
            "namespace": {"name": namespace},
            "collection": {"name": name},
            "version": info["version"],
            "href": self.path,
            "download_url": f"http://{self.headers['Host']}/{namespace}-{name}.tar.gz",
            "artifact": {"sha256": hashlib.sha256(archive(namespace, name)).hexdigest()},
            "metadata": {"dependencies": info["dependencies"]},
            "signatures": [],
        }

    def _json(self, value: dict) -> None:
        self._answer(200, json.dumps(value).encode(), "application/json")

    def _answer(self, status: int, content: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


@contextmanager
def serving() -> Iterator[str]:
    """Yield the URL of a Galaxy: the real one, if it can be reached."""
    if is_reachable():
        yield "https://galaxy.ansible.com"
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), Galaxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
