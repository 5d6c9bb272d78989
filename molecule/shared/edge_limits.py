# SPDX-License-Identifier: GPL-3.0-or-later
"""What the edge lets through, and in which form it refuses the rest. Argument: the site's URL.

The app answers `/big` with more than 5,000 bytes of headers. It has no say in what is refused. The site has locations
for the rest: `/limited` (1 request a second and 5 more), `/busy` (503), `/gone` (nothing listens), `/slow` (no answer).
"""

import http.client
import json
import sys
from urllib.parse import urlsplit

ADDRESS = urlsplit(sys.argv[1])
# method, path, headers, body; the status, and the error's name in JSON
CASES = [
    ("GET", "/big?n=5000", {}, None, 200, ""),
    ("GET", "/", {"Cookie": "a" * 20_000}, None, 200, ""),
    ("GET", "/?" + "a" * 20_000, {}, None, 200, ""),
    ("GET", "/", {"Cookie": "a" * 40_000}, None, 431, "header_fields_too_large"),
    ("GET", "/?" + "a" * 40_000, {}, None, 414, "uri_too_long"),
    ("POST", "/a.png", {}, b"a" * 11_000_000, 413, "content_too_large"),
    ("GET", "/gone", {}, None, 502, "unavailable"),
    ("GET", "/busy", {}, None, 503, "unavailable"),
    ("GET", "/slow", {}, None, 504, "unavailable"),
    ("GET", "/limited/x.css", {}, None, 429, "too_many_requests"),
]
UNREAD = (414, 431)  # of these nginx has not read who asks
RETRY_AFTER = {429: "1", 502: "10", 503: "10", 504: "10"}


def ask(method, path, headers, body):
    connection = http.client.HTTPConnection(ADDRESS.hostname, ADDRESS.port or 80, timeout=20)
    try:
        connection.putrequest(method, path)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders()  # a body that is too large is refused before it is sent
        answer = connection.getresponse()
        assert answer.getheader("X-Content-Type-Options") == "nosniff", f"{path}: {answer.headers}"
        assert answer.getheader("Strict-Transport-Security") is None, "a site without TLS"
        assert answer.getheader("Retry-After") == RETRY_AFTER.get(answer.status), f"{path}: {answer.headers}"
        return answer.status, answer.getheader("Content-Type", "").partition(";")[0], answer.read().decode()
    finally:
        connection.close()


def ask_for(status, *request):
    """Too many are as many as it takes."""
    for _try in range(40 if status == 429 else 1):
        found = ask(*request)
        if found[0] == status:
            break
    return found


for method, path, headers, body, status, error in CASES:
    what = f"{method} {path[:20]} { ({name: len(value) for name, value in headers.items()}) }"
    got, kind, text = ask_for(status, method, path, headers, body)
    assert got == status, f"{what}: {got} {text[:300]}"
    if not error:
        continue
    assert kind == "application/json", f"{what}: {kind}"
    assert json.loads(text)["error"] == error, f"{what}: {text}"
    if status not in UNREAD:
        got, kind, text = ask_for(status, method, path, {**headers, "Accept": "text/html,*/*;q=0.8"}, body)
        assert (got, kind) == (status, "text/html"), f"{what}: {got} {kind} {text}"
print(f"{len(CASES)} cases")
