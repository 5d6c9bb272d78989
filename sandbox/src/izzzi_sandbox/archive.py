# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a container, in the form in which the engine takes and gives them."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterable
from pathlib import Path


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


def only_file(stream: Iterable[bytes]) -> bytes:
    """Return the content of the one file in what the engine's get_archive gives."""
    with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
        content = tar.extractfile(tar.getmembers()[0])
        return content.read() if content else b""
