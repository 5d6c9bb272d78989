# SPDX-License-Identifier: GPL-3.0-or-later
"""Visits a node ten times a second, each time on a new connection, until `stop` is in its directory; notes what failed.

A process of its own beside the playbook. It ends by itself when nobody stops it.
"""

import json
import pathlib
import ssl
import sys
import time
import urllib.request

LONGEST = 900
url, directory = sys.argv[1], pathlib.Path(sys.argv[2])
anybody = ssl._create_unverified_context()  # who signed a certificate is for others to judge
sent, failures, begun = 0, [], time.time()
while not (directory / "stop").exists() and time.time() - begun < LONGEST:
    sent += 1
    try:
        with urllib.request.urlopen(url, timeout=20, context=anybody) as answer:
            json.load(answer)
    except (OSError, ValueError) as error:
        failures.append(f"{time.strftime('%H:%M:%S')} {error}")
    time.sleep(0.1)
(directory / "result.new").write_text(json.dumps({"sent": sent, "failed": len(failures), "failures": failures[:20]}))
(directory / "result.new").rename(directory / "result.json")
