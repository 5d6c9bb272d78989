# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a certificate says, as openssl reads it, and whether another one is needed."""

from __future__ import annotations

import base64
import calendar
import hashlib
import re
import subprocess
import time
from collections.abc import Iterable
from dataclasses import dataclass

from .settings import Failure

DAY = 86400
RENEW_BEFORE = 30 * DAY  # a third of the life of a certificate that lives for less than 90 days
PLACEHOLDER = "/O=izzzi placeholder"
CURVE = ("-pkeyopt", "ec_paramgen_curve:P-256")


@dataclass(frozen=True)
class Certificate:
    """Names, begin and end in seconds since 1970; `leaf` tells it from others."""

    names: frozenset[str]
    begin: float
    end: float
    is_placeholder: bool = False
    leaf: str = ""


def openssl(*arguments: str, text: str = "") -> str:
    """Return what openssl says; empty when it refuses."""
    # pylint: disable-next=ansible-bad-function # also a host's program, which has no AnsibleModule
    result = subprocess.run(["openssl", *arguments], input=text, capture_output=True, text=True, check=False)
    return result.stdout if result.returncode == 0 else ""


def read(pem: str) -> Certificate | None:
    """Read a certificate with its key and chain; None when there is none in the text."""
    said = openssl("x509", "-noout", "-dates", "-subject", "-issuer", "-ext", "subjectAltName", text=pem)
    return parse(said, leaf_of(pem))


def parse(said: str, leaf: str = "") -> Certificate | None:
    """Read openssl's words. Pure."""
    fields = dict(line.split("=", 1) for line in said.splitlines() if re.match(r"\w+=", line))
    if "notAfter" not in fields:
        return None
    is_placeholder = fields["subject"] == fields["issuer"] and "placeholder" in fields["subject"]
    return Certificate(names_of(said), moment(fields["notBefore"]), moment(fields["notAfter"]), is_placeholder, leaf)


def names_of(said: str) -> frozenset[str]:
    return frozenset(re.findall(r"DNS:([^,\s]+)", said))


def moment(text: str) -> float:
    """Read openssl's time, such as `Nov 29 14:00:00 2026 GMT`."""
    return float(calendar.timegm(time.strptime(text, "%b %d %H:%M:%S %Y GMT")))


def leaf_of(pem: str) -> str:
    """Return the fingerprint of the first certificate in the text. Pure."""
    found = re.search(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", pem, re.DOTALL)
    return fingerprint(base64.b64decode(found[1])) if found else ""


def fingerprint(der: bytes) -> str:
    return hashlib.sha256(der).hexdigest()


def why(certificate: Certificate | None, names: Iterable[str], now: float) -> str:
    """Say why a new certificate is needed; empty when it is not. Pure."""
    if certificate is None or certificate.is_placeholder:
        return "it has none yet"
    return outdated(certificate, names, now)


def outdated(certificate: Certificate, names: Iterable[str], now: float) -> str:
    """Say why a certificate does not do any more; empty when it does. Pure."""
    wanted = frozenset(names)
    if certificate.names != wanted:
        return f"the names change from {listed(certificate.names)} to {listed(wanted)}"
    left = certificate.end - now
    if left < min(RENEW_BEFORE, (certificate.end - certificate.begin) / 3):
        return f"it ends in {left / DAY:.1f} days" if left > 0 else "it has ended"
    return ""


def serves(certificate: Certificate | None, names: Iterable[str], now: float) -> bool:
    """Tell whether browsers take it for all these names. Pure."""
    return bool(
        certificate and not certificate.is_placeholder and certificate.names >= set(names) and certificate.end > now
    )


def listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def check_pair(pem: str, names: Iterable[str]) -> None:
    """Raise Failure for a key that is not the certificate's, and for other names than these."""
    of_key = openssl("pkey", "-pubout", text=pem)
    of_certificate = openssl("x509", "-noout", "-pubkey", text=pem)
    if not of_key or of_key != of_certificate:
        raise Failure("The authority's certificate does not fit the key; the old one stays.")
    found = names_of(openssl("x509", "-noout", "-ext", "subjectAltName", text=pem))
    if found != set(names):
        raise Failure(f"The authority's certificate is for {listed(found)}; the old one stays.")


def certified(names: Iterable[str]) -> list[str]:
    """Return what a certificate says of a site's names: any name is none. Pure."""
    return [name for name in names if name != "_"] or ["localhost"]


def placeholder(names: Iterable[str]) -> str:
    """Make a key and a certificate that it has signed itself, as izzzi-nginx does on a host."""
    alternatives = ",".join(f"DNS:{name}" for name in certified(names))
    made = openssl(
        *("req", "-x509", "-newkey", "ec", *CURVE, "-nodes", "-days", "3650", "-subj", PLACEHOLDER),
        *("-addext", f"subjectAltName={alternatives}", "-keyout", "-", "-out", "-"),
    )
    if not made:
        raise Failure("openssl made no certificate. Is it installed on this host?")
    return made
