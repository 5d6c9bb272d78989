# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nginx answers when it refuses a request itself, as text of its configuration: JSON, or a page for browsers."""

from __future__ import annotations

from .text import Line, mapping

UNAVAILABLE = "This site does not answer at the moment. Please try again in a few seconds."
# By status: the name for programs, the words for people.
ERRORS = {
    400: ("bad_request", "The request cannot be understood."),
    401: ("unauthorized", "A name and a password are needed."),
    403: ("forbidden", "This is not allowed."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This method is not allowed here."),
    408: ("request_timeout", "The request did not arrive in time."),
    411: ("length_required", "The request must say how long it is."),
    412: ("precondition_failed", "A condition of the request is not met."),
    413: ("content_too_large", "What was sent is larger than this site takes."),
    414: ("uri_too_long", "The address is longer than this site takes."),
    416: ("range_not_satisfiable", "There is no such part."),
    421: ("misdirected_request", "The request was sent to the wrong server."),
    429: ("too_many_requests", "Too many requests. Please slow down."),
    431: ("header_fields_too_large", "The headers or cookies of the request are larger than this site takes."),
    500: ("internal_error", "This site has a fault."),
    501: ("not_implemented", "This site cannot do what was asked."),
    503: ("unavailable", UNAVAILABLE),
    505: ("http_version_not_supported", "This version of HTTP is not spoken here."),
}
# Statuses that nginx has for itself, and what clients get.
OWN_STATUSES = {"494": 431, "495 496 497": 400}
RETRY_AFTER = {429: 1, 503: 10}

# What visitors get while the app does not answer. The files belong to the site, which may have words of its own.
PAGES = {
    "/var/www/izzzi-pages/unavailable.json": f'{{"error": "unavailable", "message": "{UNAVAILABLE}"}}\n',
    "/var/www/izzzi-pages/unavailable.html": f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Not available</title>
<style>
body {{ font: 1.1rem/1.6 system-ui, sans-serif; margin: 20vh auto; max-width: 32rem; padding: 0 1rem; color: #222 }}
</style>
<h1>Not available</h1>
<p>{UNAVAILABLE}</p>
</html>
""",
}

_HTML = (
    '<!doctype html>\\n<html lang="en">\\n<meta charset="utf-8">\\n<title>$status</title>\\n'
    "<p>$izzzi_error_message</p>\\n</html>\\n"
)
_JSON = '{"error": "$izzzi_error", "message": "$izzzi_error_message"}\\n'


def http_part() -> list[Line]:
    """Give names and words by status, for the level http."""
    names = {status: name for status, (name, _words) in ERRORS.items()}
    messages = {status: f'"{words}"' for status, (_name, words) in ERRORS.items()}
    return [
        "# Browsers get a page of words, programs get JSON.",
        mapping("$http_accept", "izzzi_page", "json", {'"~text/html"': "html"}),
        "# Names and words of the errors that nginx makes itself.",
        mapping("$status", "izzzi_error", "unavailable", names),
        mapping("$status", "izzzi_error_message", f'"{UNAVAILABLE}"', messages),
        mapping("$status", "izzzi_error_retry_after", '""', RETRY_AFTER),
    ]


def server_part() -> list[Line]:
    """Say where errors lead, for the level server. An app's own answers stay as they are.

    A request that is too long to be read tells nothing of who asks: it gets JSON. The way is by URL and not by a
    named location, since such a request has no URL that nginx could keep.
    """
    return [
        'set $izzzi_retry_after "";',
        "add_header Retry-After $izzzi_retry_after always;",
        *location_part(),
        "# The status that is sent is the error's, not that of `return`.",
        _page("json", "application/json", _JSON),
        _page("html", "text/html", _HTML),
    ]


def location_part() -> list[Line]:
    """Say where errors lead, for a location with an error_page of its own, which inherits none of the server's."""
    statuses = " ".join(str(status) for status in ERRORS if status != 431)  # nginx calls it 494
    ways = {statuses: "", **{status: f" ={shown}" for status, shown in OWN_STATUSES.items()}}
    return [f"error_page {some}{shown} /izzzi-pages/error.$izzzi_page;" for some, shown in ways.items()]


def _page(name: str, kind: str, words: str) -> Line:
    return f"location = /izzzi-pages/error.{name}", [
        "internal;",
        "types {}",
        f"default_type {kind};",
        "charset utf-8;",
        "set $izzzi_retry_after $izzzi_error_retry_after;",
        f"return 200 '{words}';",
    ]
