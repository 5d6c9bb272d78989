"""What the edge lets through, and in which form it refuses the rest. Argument: the site's URL.

The app answers `/big` with more than 5,000 bytes of headers. It has no say in what is refused.
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
]


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
        return answer.status, answer.getheader("Content-Type", ""), answer.read().decode()
    finally:
        connection.close()


for method, path, headers, body, status, error in CASES:
    what = f"{method} {path[:20]} { ({name: len(value) for name, value in headers.items()}) }"
    got, kind, text = ask(method, path, headers, body)
    assert got == status, f"{what}: {got} {text[:300]}"
    if not error:
        continue
    assert kind == "application/json", f"{what}: {kind}"
    assert json.loads(text)["error"] == error, f"{what}: {text}"
    if status == 413:  # of the others nginx has not read who asks
        got, kind, text = ask(method, path, {**headers, "Accept": "text/html,*/*;q=0.8"}, body)
        assert (got, kind.partition(";")[0]) == (status, "text/html"), f"{what}: {got} {kind} {text}"
print(f"{len(CASES)} cases")
