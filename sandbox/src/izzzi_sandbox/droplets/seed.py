"""What a droplet finds on its disk at first boot: cloud-init's seed, the resolvers, the host's CA bundle."""

from __future__ import annotations

import io
import json
import os
import tarfile
from pathlib import Path

from .backend import DropletSpec

SEED = "var/lib/cloud/seed/nocloud"
# Stands for a corporate proxy's CA: where the host trusts one, builds inside a droplet need it. Not in the guest's
# own trust store; whoever wants it names the file.
CA_BUNDLE = "usr/lib/izzzi-sandbox/ca-certificates.crt"


def host_ca() -> bytes:
    path = Path(os.environ.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt")
    return path.read_bytes() if path.is_file() else b""


def files(spec: DropletSpec, resolvers: str) -> dict[str, bytes]:
    """Path (without leading slash) to content. JSON is YAML, and needs no quoting rules of its own."""
    metadata = {
        "instance-id": str(spec.id),
        "local-hostname": spec.name,
        "public-keys": list(spec.public_keys),
        "region": spec.region,
    }
    return {
        f"{SEED}/meta-data": json.dumps(metadata).encode(),
        f"{SEED}/user-data": (spec.user_data or "#cloud-config\n{}\n").encode(),
        "usr/lib/izzzi-sandbox/resolv.conf": resolvers.encode(),
        CA_BUNDLE: host_ca(),
    }


def archive(content: dict[str, bytes], mode: int = 0o644) -> bytes:
    """A tar with the files and their folders, for the engine's put_archive at /."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for folder in sorted({str(p) for name in content for p in Path(name).parents if str(p) != "."}):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        for name, data in content.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), mode
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()
