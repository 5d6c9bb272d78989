# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command, and writes what it cost as JSON: `measured.py REPORT COMMAND...`. Ends as the command does.

A program of its own that imports next to nothing: Linux counts the memory of the process that starts another one into
the other one's maximum, and the benches themselves have all of Ansible in theirs.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main(report: str, *command: str) -> int:
    began = time.monotonic()
    process = os.posix_spawnp(command[0], command, os.environ)
    _id, status, usage = os.wait4(process, 0)
    cost = {
        "seconds": time.monotonic() - began,
        "cpu": usage.ru_utime + usage.ru_stime,  # of its children, too, if it waited for them
        "mib": usage.ru_maxrss / 1024,  # of the largest one of them
    }
    with open(report, "w", encoding="utf-8") as file:
        json.dump(cost, file)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
