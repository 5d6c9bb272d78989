# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module needs of S3, the protocol of Spaces: signed requests and buckets' settings. Why not boto3:
docs/decisions/0008."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from .client import ApiError
from .transport import Reply, Transport, Unreachable

REGION = "us-east-1"  # of the signature; Spaces takes this one everywhere, the endpoint says where a bucket is
ATTEMPTS = 5
EVERYBODY = "http://acs.amazonaws.com/groups/global/AllUsers"
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
PAGE = 1000  # the most keys that one request deletes


class S3Error(ApiError):
    """`code` is S3's word for it, such as NoSuchBucket."""

    def __init__(self, message: str, status: int, code: str) -> None:
        super().__init__(message, status)
        self.code = code


def signature(
    secret: str, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], digest: str, stamp: str
) -> str:
    """Return the AWS Signature Version 4 over all `headers`, whose names are in lower case. `stamp` is
    20260105T100000Z."""
    names = ";".join(sorted(headers))
    pairs = "&".join(f"{quote(k, safe='-_.~')}={quote(v, safe='-_.~')}" for k, v in sorted(query.items()))
    lines = [method, quote(path, safe="/-_.~"), pairs, *(f"{name}:{headers[name].strip()}" for name in sorted(headers))]
    request = "\n".join([*lines, "", names, digest])
    scope = f"{stamp[:8]}/{REGION}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{secret}".encode()
    for part in (stamp[:8], REGION, "s3", "aws4_request", text):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key.hex()


class S3:
    """Used by several threads at once."""

    def __init__(
        self,
        url: str,
        key_id: str,
        secret: str,
        transport: Transport,
        *,
        timeout: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.url = url.rstrip("/")
        self._key_id = key_id
        self._secret = secret
        self._transport = transport
        self._timeout = timeout
        self._sleep = sleep
        self._now = now

    # -- buckets

    def buckets(self) -> list[str]:
        return [text for node in _nodes(self._request("GET", ""), "Bucket") if (text := _text(node, "Name"))]

    def create(self, bucket: str, acl: str) -> None:
        self._request("PUT", bucket, headers={"x-amz-acl": acl})

    def delete(self, bucket: str) -> None:
        self._request("DELETE", bucket)

    def has_data(self, bucket: str) -> bool:
        """Whether the bucket holds objects or old versions of some."""
        return any(True for _version in self._versions(bucket, 1))

    def empty(self, bucket: str) -> None:
        while versions := list(self._versions(bucket, PAGE)):
            objects = "".join(
                f"<Object><Key>{escape(key)}</Key>{f'<VersionId>{escape(id)}</VersionId>' if id else ''}</Object>"
                for key, id in versions
            )
            reply = self._request("POST", bucket, {"delete": ""}, f"<Delete><Quiet>true</Quiet>{objects}</Delete>")
            for node in _nodes(reply, "Error"):
                raise S3Error(
                    f"{self.url}/{bucket}: {_text(node, 'Key')} is not deleted: {_text(node, 'Message')}", 409, "Error"
                )

    def _versions(self, bucket: str, most: int) -> Iterator[tuple[str, str]]:
        reply = self._request("GET", bucket, {"versions": "", "max-keys": str(most)})
        for kind in ("Version", "DeleteMarker"):
            for node in _nodes(reply, kind):
                yield _text(node, "Key"), _text(node, "VersionId")

    # -- settings

    def acl(self, bucket: str) -> str:
        """Return private, public-read, or other words for what no canned ACL says."""
        reply = self._request("GET", bucket, {"acl": ""})
        owner = _text(next(_nodes(reply, "Owner"), ElementTree.Element("none")), "ID")
        grants = {(_text(n, "URI") or _text(n, "ID"), _text(n, "Permission")) for n in _nodes(reply, "Grant")}
        more = sorted(grants - {(owner, "FULL_CONTROL")})
        if not more:
            return "private"
        if more == [(EVERYBODY, "READ")]:
            return "public-read"
        return ", ".join(f"{permission} for {grantee.rpartition('/')[2]}" for grantee, permission in more)

    def put_acl(self, bucket: str, acl: str) -> None:
        self._request("PUT", bucket, {"acl": ""}, headers={"x-amz-acl": acl})

    def versioning(self, bucket: str) -> bool:
        reply = self._request("GET", bucket, {"versioning": ""})
        return any(node.text == "Enabled" for node in _nodes(reply, "Status"))

    def put_versioning(self, bucket: str, enabled: bool) -> None:
        status = "Enabled" if enabled else "Suspended"
        self._put_settings(bucket, "versioning", "VersioningConfiguration", f"<Status>{status}</Status>")

    def lifecycle(self, bucket: str) -> list[dict[str, Any]]:
        reply = self._find(bucket, "lifecycle", "NoSuchLifecycleConfiguration")
        rules = [
            {
                "id": _text(node, "ID"),
                "prefix": _text(node, "Prefix"),
                "enabled": _text(node, "Status") == "Enabled",
                "expire_days": _days(node, "Expiration", "Days"),
                "expire_old_versions_days": _days(node, "NoncurrentVersionExpiration", "NoncurrentDays"),
                "abort_uploads_days": _days(node, "AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
            }
            for node in _nodes(reply, "Rule")
        ]
        return sorted(rules, key=lambda rule: rule["id"])

    def put_lifecycle(self, bucket: str, rules: list[dict[str, Any]]) -> None:
        actions = (
            ("expire_days", "Expiration", "Days"),
            ("expire_old_versions_days", "NoncurrentVersionExpiration", "NoncurrentDays"),
            ("abort_uploads_days", "AbortIncompleteMultipartUpload", "DaysAfterInitiation"),
        )
        content = "".join(
            f"<Rule><ID>{escape(rule['id'])}</ID><Prefix>{escape(rule['prefix'])}</Prefix>"
            f"<Status>{'Enabled' if rule['enabled'] else 'Disabled'}</Status>"
            + "".join(f"<{tag}><{unit}>{rule[name]}</{unit}></{tag}>" for name, tag, unit in actions if rule[name])
            + "</Rule>"
            for rule in rules
        )
        self._put_settings(bucket, "lifecycle", "LifecycleConfiguration", content)

    def cors(self, bucket: str) -> list[dict[str, Any]]:
        reply = self._find(bucket, "cors", "NoSuchCORSConfiguration")
        rules = [
            {
                "origins": sorted(_texts(node, "AllowedOrigin")),
                "methods": sorted(_texts(node, "AllowedMethod")),
                "headers": sorted(_texts(node, "AllowedHeader")),
                "max_age": int(_text(node, "MaxAgeSeconds") or 0),
            }
            for node in _nodes(reply, "CORSRule")
        ]
        return sorted(rules, key=str)

    def put_cors(self, bucket: str, rules: list[dict[str, Any]]) -> None:
        fields = (("origins", "AllowedOrigin"), ("methods", "AllowedMethod"), ("headers", "AllowedHeader"))
        content = "".join(
            "<CORSRule>"
            + "".join(f"<{tag}>{escape(value)}</{tag}>" for field, tag in fields for value in rule[field])
            + (f"<MaxAgeSeconds>{rule['max_age']}</MaxAgeSeconds>" if rule["max_age"] else "")
            + "</CORSRule>"
            for rule in rules
        )
        self._put_settings(bucket, "cors", "CORSConfiguration", content)

    def _put_settings(self, bucket: str, name: str, root: str, content: str) -> None:
        """Write a configuration; delete it if it is empty, which S3 does not accept."""
        if content:
            self._request("PUT", bucket, {name: ""}, f'<{root} xmlns="{NAMESPACE}">{content}</{root}>')
        else:
            self._request("DELETE", bucket, {name: ""})

    def _find(self, bucket: str, name: str, missing: str) -> bytes:
        try:
            return self._request("GET", bucket, {name: ""})
        except S3Error as error:
            if error.code != missing:
                raise
            return b"<None/>"

    # -- requests

    def request(self, method: str, path: str, query: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
        """Send a request without a body for a bucket or, by bucket/key, an object. Return what is answered."""
        return self._request(method, path, query, headers=headers)

    def _request(
        self,
        method: str,
        bucket: str,
        query: Mapping[str, str] | None = None,
        text: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        """Send a request. Every one may be repeated: a bucket that is ours is not made twice."""
        path, body = f"/{bucket}", text.encode()
        query = query or {}
        url = self.url + path
        if query:
            url += "?" + "&".join(f"{key}={quote(value)}" if value else key for key, value in query.items())
        for attempt in range(1, ATTEMPTS + 1):
            signed = self._sign(method, path, query, body, headers or {})
            try:
                reply = self._transport(method, url, signed, body if method in ("PUT", "POST") else None, self._timeout)
            except Unreachable as error:
                if attempt == ATTEMPTS or not error.sent:
                    raise ApiError(
                        f"{self.url} cannot be reached: {error} ({method} {path}). Check spaces_endpoint_url and the "
                        "network.",
                        sent=error.sent,
                    ) from error
            else:
                if reply.status < 300:
                    return reply.body or b"<None/>"
                if attempt == ATTEMPTS or (reply.status < 500 and reply.status != 429):
                    raise self._error(method, path, reply)
            self._sleep(0.5 * 2.0 ** (attempt - 1))
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _sign(
        self, method: str, path: str, query: Mapping[str, str], body: bytes, headers: Mapping[str, str]
    ) -> dict[str, str]:
        stamp = self._now().strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        signed = {
            "host": urlsplit(self.url).netloc,
            "x-amz-content-sha256": digest,
            "x-amz-date": stamp,
            **headers,
        }
        if body:
            md5 = hashlib.md5(body, usedforsecurity=False).digest()  # what S3 asks for with some requests
            signed |= {"content-md5": base64.b64encode(md5).decode(), "content-type": "application/xml"}
        mark = signature(self._secret, method, path, query, signed, digest, stamp)
        scope = f"{stamp[:8]}/{REGION}/s3/aws4_request"
        return signed | {
            "authorization": f"AWS4-HMAC-SHA256 Credential={self._key_id}/{scope},"
            f"SignedHeaders={';'.join(sorted(signed))},Signature={mark}"
        }

    def _error(self, method: str, path: str, reply: Reply) -> S3Error:
        try:
            root = ElementTree.fromstring(reply.body)
        except ElementTree.ParseError:
            root = ElementTree.Element("none")
        code, message = _text(root, "Code"), _text(root, "Message")
        if code in ("InvalidAccessKeyId", "SignatureDoesNotMatch"):
            return S3Error(
                f"{self.url} refuses the Spaces keys ({code}). Give a valid pair as spaces_access_key_id and "
                "spaces_secret_access_key (in the role with provision_ before them, or the variables "
                "SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY). They are not the API token.",
                reply.status,
                code,
            )
        words = f"{code}: {message}" if code else reply.body[:200].decode("utf-8", "replace").strip()
        text = f"{method} {self.url}{path} answered {reply.status}: {words or 'no explanation'}"
        return S3Error(text.replace(self._secret, "********"), reply.status, code)


def _nodes(body: bytes | ElementTree.Element, tag: str) -> Iterator[ElementTree.Element]:
    """Return all elements of a name in any namespace."""
    root = ElementTree.fromstring(body) if isinstance(body, bytes) else body
    return (node for node in root.iter() if node.tag.rpartition("}")[2] == tag)


def _texts(root: ElementTree.Element, tag: str) -> list[str]:
    return [node.text or "" for node in _nodes(root, tag)]


def _text(root: ElementTree.Element, tag: str) -> str:
    return next(iter(_texts(root, tag)), "")


def _days(root: ElementTree.Element, tag: str, unit: str) -> int | None:
    return next((int(_text(node, unit)) for node in _nodes(root, tag) if _text(node, unit)), None)
