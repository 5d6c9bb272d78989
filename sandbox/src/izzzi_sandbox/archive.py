"""Files for a container, in the form that the engine takes them."""

from __future__ import annotations

import io
import tarfile
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
