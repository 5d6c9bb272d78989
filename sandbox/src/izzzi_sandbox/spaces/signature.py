# SPDX-License-Identifier: GPL-3.0-or-later
"""Who signed an S3 request (AWS signature version 4, in the header or in the URL). botocore, which signs for most
clients, computes the signature again."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from botocore.auth import UNSIGNED_PAYLOAD, S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

ALGORITHM = "AWS4-HMAC-SHA256"
SKEW_SECONDS = 900
TIME = "%Y%m%dT%H%M%SZ"


class BadSignature(Exception):
    """Not signed the way it must be: an S3 error code and a sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class Request:
    method: str
    url: str  # as it was sent, with its query
    headers: Mapping[str, str]  # names in lower case


@dataclass(frozen=True)
class Claim:
    """What a request says of its signature."""

    access_key: str
    region: str
    service: str
    timestamp: str
    signed_headers: tuple[str, ...]
    signature: str
    in_url: bool
    lifetime: int


def claim(request: Request) -> Claim | None:
    """None: not signed at all."""
    header, query = request.headers.get("authorization", ""), dict(parse_qsl(urlsplit(request.url).query))
    if header:
        algorithm, _, rest = header.partition(" ")
        parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
        timestamp, lifetime = request.headers.get("x-amz-date", ""), SKEW_SECONDS
    elif "X-Amz-Signature" in query:
        algorithm = query.get("X-Amz-Algorithm", "")
        parts = {name: query.get(f"X-Amz-{name}", "") for name in ("Credential", "SignedHeaders", "Signature")}
        timestamp, lifetime = query.get("X-Amz-Date", ""), int(query.get("X-Amz-Expires") or 0)
    else:
        return None
    scope = parts.get("Credential", "").split("/")
    if algorithm != ALGORITHM or len(scope) != 5 or not parts.get("Signature"):
        raise BadSignature("InvalidRequest", "sign with AWS signature version 4 (signature_version s3v4)")
    signed = tuple(parts.get("SignedHeaders", "").split(";"))
    return Claim(scope[0], scope[2], scope[3], timestamp, signed, parts["Signature"], not header, lifetime)


def verify(request: Request, claim: Claim, secret: str, now: datetime | None = None) -> None:
    _check_time(claim, now or datetime.now(UTC))
    auth = _Again(Credentials(claim.access_key, secret), claim)
    url = _without_signature(request.url) if claim.in_url else request.url
    again = AWSRequest(method=request.method, url=url, headers=dict(request.headers))
    if claim.in_url:
        again.headers["X-Amz-Content-SHA256"] = request.headers.get("x-amz-content-sha256", UNSIGNED_PAYLOAD)
    again.context["timestamp"] = claim.timestamp
    wanted = auth.signature(auth.string_to_sign(again, auth.canonical_request(again)), again)
    if not hmac.compare_digest(wanted, claim.signature):
        raise BadSignature("SignatureDoesNotMatch", "the signature does not match: is the secret key right?")


def _check_time(claim: Claim, now: datetime) -> None:
    try:
        age = (now - datetime.strptime(claim.timestamp, TIME).replace(tzinfo=UTC)).total_seconds()
    except ValueError:
        raise BadSignature("AccessDenied", "the request has no valid x-amz-date") from None
    if age > claim.lifetime and claim.in_url:
        raise BadSignature("AccessDenied", "Request has expired")
    if age < -SKEW_SECONDS or (age > SKEW_SECONDS and not claim.in_url):
        raise BadSignature("RequestTimeTooSkewed", "the clock of the client and this one differ too much")


def _without_signature(url: str) -> str:
    path, _, query = url.partition("?")
    return path + "?" + "&".join(pair for pair in query.split("&") if not pair.startswith("X-Amz-Signature="))


class _Again(S3SigV4Auth):
    """Signs the headers that the client chose."""

    def __init__(self, credentials: Credentials, claim: Claim) -> None:
        super().__init__(credentials, claim.service, claim.region)
        self._names = claim.signed_headers

    def headers_to_sign(self, request: AWSRequest) -> HTTPHeaders:
        chosen = HTTPHeaders()
        for name in self._names:
            if name in request.headers:
                chosen[name] = request.headers[name]
        return chosen
