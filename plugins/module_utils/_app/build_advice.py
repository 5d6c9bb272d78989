# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Say which line of a Dockerfile to change when a build fails for its surroundings, not for itself. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

# npm, Node.js, Python, OpenSSL, Go, curl, git: a proxy with a CA of its own stands between the build and the internet.
_UNTRUSTED = re.compile(
    r"self[- _]signed[ _]cert|UNABLE_TO_(?:GET_ISSUER|VERIFY)|unable to get (?:local )?issuer"
    r"|certificate[ _]verif(?:y|ication)[ _]failed|signed by unknown authority|SSL certificate problem",
    re.IGNORECASE,
)
# What each program reads a file of CA certificates from. OpenSSL's own variable is for all others.
_READS = {
    "NODE_EXTRA_CA_CERTS": ("npm", "npx", "yarn", "pnpm", "corepack", "node"),
    "PIP_CERT": ("pip", "pip3"),
    "REQUESTS_CA_BUNDLE": ("poetry", "pipenv"),
    "CARGO_HTTP_CAINFO": ("cargo",),
    "GIT_SSL_CAINFO": ("git",),
    "CURL_CA_BUNDLE": ("curl",),
}
_OTHER = "SSL_CERT_FILE"
_RUN = re.compile(r"(?:\[[^]]*\] )?RUN ((?:--\S+ )*)(.*)")
MOUNT = "--mount=type=secret,id=ca_bundle,target=/run/ca.pem"


def advice(step: str, said: Sequence[str]) -> str:
    """Return what to do about a failed step, or an empty text. `step` is BuildKit's line for it."""
    if not any(_UNTRUSTED.search(line) for line in said):
        return ""
    return (
        "The step was shown a certificate that it does not trust: between it and the internet is a proxy with a CA of"
        " its own. Name a file with that CA, on the machine that builds, as app_build_ca_bundle, and let the step read"
        f" it, in the Dockerfile:\n  {_line(step)}"
    )


def _line(step: str) -> str:
    found = _RUN.match(step)
    flags, command = (found[1], found[2].strip()) if found else ("", "")
    whole = command and not command.startswith(("[", "<<"))
    words = set(re.findall(r"[\w-]+", command))
    variable = next((name for name, programs in _READS.items() if words & set(programs)), _OTHER)
    return f"RUN {flags}{MOUNT} export {variable}=/run/ca.pem && {command if whole else '...'}"
