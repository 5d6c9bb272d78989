# SPDX-License-Identifier: GPL-3.0-or-later
"""What a droplet finds on its disk at first boot: cloud-init's seed, the resolvers, the sandbox's CA among those that
it trusts, the host's CA bundle."""

from __future__ import annotations

import json
import os
from pathlib import Path

from .backend import DropletSpec

SEED = "var/lib/cloud/seed/nocloud"
# Stands for a corporate proxy's CA: where the host trusts one, builds inside a droplet need it. Not in the guest's
# own trust store; whoever wants it names the file.
CA_BUNDLE = "usr/lib/izzzi-sandbox/ca-certificates.crt"


def host_ca() -> bytes:
    path = Path(os.environ.get("SSL_CERT_FILE") or "/etc/ssl/certs/ca-certificates.crt")
    return path.read_bytes() if path.is_file() else b""


# Under the hash of its name OpenSSL finds the CA in a directory; every home's CA has this name (`openssl x509 -hash`).
CA_HASH = "5ce67937"
BUNDLE = "etc/ssl/certs/ca-certificates.crt"


def trust(ca: bytes, bundle: bytes) -> dict[str, bytes]:
    """Return the files that make a droplet trust the sandbox's CA, as `update-ca-certificates` would leave them."""
    return {
        "usr/local/share/ca-certificates/izzzi-sandbox.crt": ca,
        f"etc/ssl/certs/{CA_HASH}.0": ca,
        BUNDLE: bundle if ca in bundle else bundle + ca,
    }


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
