# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gets certificates by ACME and renews them: `izzzi-certificate`, which timers and roles call."""

# pylint: disable=ansible-bad-function  # a program of a host, not a module: it prints, and ends by itself
from __future__ import annotations

import argparse
import importlib
import signal
import sys
from collections.abc import Sequence

from .renewal import WELL, Asked
from .settings import load

ENDS = (
    "Ends with 0 when all is well, 75 when a certificate could not be renewed but is good for now, and 1 when a site "
    "has none."
)


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(prog="izzzi-certificate", description=__doc__, epilog=ENDS)
    found.add_argument("--check", action="store_true", help="say what would be asked for, and ask for nothing")
    found.add_argument("--force", action="store_true", help="ask although the authority has said to wait")
    found.add_argument("--renew", action="store_true", help="ask for new ones although the present ones are good")
    found.add_argument("--prepare", action="store_true", help="in a Swarm: only make what its nginx starts with")
    found.add_argument("--image", default="", help=argparse.SUPPRESS)
    found.add_argument("--withdraw", action="store_true", help=argparse.SUPPRESS)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status."""
    asked = Asked(**vars(parser().parse_args(arguments)))
    # What was begun is cleared away: the lock of a Swarm, keys in memory.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    settings = load()
    if settings is None:
        return WELL
    # The code of its place is on this host alone.
    return importlib.import_module(f".{settings.place}", __package__).run(settings, asked)


if __name__ == "__main__":
    sys.exit(main())
