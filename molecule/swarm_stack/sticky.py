# SPDX-License-Identifier: GPL-3.0-or-later
"""A cookie keeps a client on one task on whichever node it arrives, and gets nobody anywhere else.

Arguments: the addresses of two nodes, and then what forged cookies name.
"""

import json
import sys
import urllib.request

NODES, FORGED = sys.argv[1:3], sys.argv[3:]


def ask(node: str, cookie: str = "") -> tuple[str, str]:
    """The task that answers, and the address that it is known by to the client from then on."""
    headers = {"Cookie": f"izzzi_backend={cookie}"} if cookie else {}
    request = urllib.request.Request(f"http://{node}/socket.io/", headers=headers)
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["task"], answer.headers["Set-Cookie"].partition(";")[0].partition("=")[2]


tasks = set()
for number in range(8):
    task, cookie = ask(NODES[number % 2])
    tasks.add(task)
    again = {ask(node, cookie) for node in [*NODES, *NODES]}
    assert again == {(task, cookie)}, f"{task} gave {cookie}, with which {again} answered"
assert len(tasks) > 1, f"all clients met {tasks}"
for cookie in FORGED:
    task, given = ask(NODES[0], cookie)
    assert given != cookie, f"{task} took the forged cookie {cookie}"
print(f"{len(tasks)} tasks, {len(FORGED)} forged cookies")
