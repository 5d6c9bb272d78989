# SPDX-License-Identifier: GPL-3.0-or-later
"""Files from the network that must be the very ones that were meant."""

from __future__ import annotations

import hashlib
import urllib.request
from base64 import b64encode

from .kitchen import ImageError


def download(url: str, sha512: str) -> bytes:
    """The content behind the URL, if it has this checksum (in Base64, as npm writes it)."""
    try:
        with urllib.request.urlopen(url, timeout=120) as reply:
            content = reply.read()
    except OSError as error:
        raise ImageError(f"{url} cannot be read: {error}") from error
    if b64encode(hashlib.sha512(content).digest()).decode() != sha512:
        raise ImageError(f"{url} is not the file that was pinned: its checksum differs")
    return content
