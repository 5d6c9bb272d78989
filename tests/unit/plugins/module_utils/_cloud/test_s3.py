# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures, errors and retries. Buckets and their settings: tests/cloud/test_spaces.py, against a real S3 server."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.s3 import S3, S3Error, signature
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.transport import Reply, Unreachable

# Amazon's published examples for Signature Version 4.
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
STAMP = "20130524T000000Z"
EMPTY = hashlib.sha256(b"").hexdigest()
HOST = "examplebucket.s3.amazonaws.com"


@pytest.mark.parametrize(
    ("path", "query", "headers", "mark"),
    [
        (
            "/test.txt",
            {},
            {"range": "bytes=0-9"},
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        ("/", {"lifecycle": ""}, {}, "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
        (
            "/",
            {"max-keys": "2", "prefix": "J"},
            {},
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
        ),
    ],
)
def test_signatures_are_amazons(path, query, headers, mark):
    headers = {"host": HOST, "x-amz-content-sha256": EMPTY, "x-amz-date": STAMP, **headers}
    assert signature(SECRET, "GET", path, query, headers, EMPTY, STAMP) == mark


class Server:
    def __init__(self, *replies: Reply | Unreachable) -> None:
        self.replies = list(replies)
        self.asked: list[tuple] = []

    def __call__(self, method, url, headers, body, timeout):
        self.asked.append((method, url, dict(headers), body))
        reply = self.replies.pop(0)
        if isinstance(reply, Unreachable):
            raise reply
        return reply

    def client(self) -> S3:
        now = datetime(2026, 1, 5, 10, tzinfo=UTC)
        return S3("http://127.0.0.1:8782/", "ID", SECRET, self, sleep=lambda seconds: None, now=lambda: now)


def error(status: int, code: str, message: str = "") -> Reply:
    return Reply(status, {}, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode())


def test_the_secret_is_never_sent():
    server = Server(Reply(200, {}, b""))
    server.client().put_cors("b", [{"origins": ["*"], "methods": ["GET"], "headers": [], "max_age": 5}])
    (asked,) = server.asked
    assert asked[:2] == ("PUT", "http://127.0.0.1:8782/b?cors")
    assert asked[2]["authorization"].startswith("AWS4-HMAC-SHA256 Credential=ID/20260105/us-east-1/s3/aws4_request,")
    assert asked[2]["content-md5"]
    assert SECRET not in repr(server.asked)


def test_what_may_pass_is_asked_again():
    replies = (error(503, "SlowDown"), Unreachable("no answer in time", sent=True), error(429, "Busy"))
    server = Server(*replies, Reply(200, {}, b"<ListAllMyBucketsResult/>"))
    assert server.client().buckets() == []
    assert len(server.asked) == 4


def test_it_gives_up():
    server = Server(*[error(500, "InternalError", "oops")] * 5)
    with pytest.raises(S3Error, match="500: InternalError: oops"):
        server.client().buckets()


def test_what_is_refused_is_not_asked_again():
    server = Server(error(403, "AccessDenied", f"bad {SECRET}"))
    with pytest.raises(S3Error) as raised:
        server.client().acl("b")
    assert (raised.value.code, raised.value.status) == ("AccessDenied", 403)
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("code", ["InvalidAccessKeyId", "SignatureDoesNotMatch"])
def test_wrong_keys_are_told_from_a_wrong_token(code):
    with pytest.raises(S3Error, match="spaces_access_key_id") as raised:
        Server(error(403, code)).client().buckets()
    assert "not the API token" in str(raised.value)


def test_nobody_there_names_the_option():
    with pytest.raises(ApiError, match="spaces_endpoint_url"):
        Server(Unreachable("Connection refused", sent=False)).client().buckets()


def test_a_reply_that_is_not_xml_is_shown():
    with pytest.raises(S3Error, match="answered 404: a captive portal"):
        Server(Reply(404, {}, b"a captive portal")).client().buckets()


@pytest.mark.parametrize(
    ("grants", "acl"),
    [
        ([("ID", "me", "FULL_CONTROL")], "private"),
        (
            [("ID", "me", "FULL_CONTROL"), ("URI", "http://acs.amazonaws.com/groups/global/AllUsers", "READ")],
            "public-read",
        ),
        (
            [("ID", "me", "FULL_CONTROL"), ("URI", "http://acs.amazonaws.com/groups/global/AllUsers", "WRITE")],
            "WRITE for AllUsers",
        ),
        ([("ID", "me", "FULL_CONTROL"), ("ID", "you", "FULL_CONTROL")], "FULL_CONTROL for you"),
    ],
)
def test_grants_in_words(grants, acl):
    rows = "".join(
        f"<Grant><Grantee><{k}>{v}</{k}></Grantee><Permission>{p}</Permission></Grant>" for k, v, p in grants
    )
    body = (
        '<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>me</ID></Owner>'
        f"<AccessControlList>{rows}</AccessControlList></AccessControlPolicy>"
    )
    assert Server(Reply(200, {}, body.encode())).client().acl("b") == acl
