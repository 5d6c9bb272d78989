# SPDX-License-Identifier: GPL-3.0-or-later
"""Spaces under its real names: in the URL's host or in its path, and in the name server."""

from __future__ import annotations

import shutil
import socket
import subprocess

import pytest
from cryptography import x509
from dnslib import DNSRecord
from izzzi_sandbox.account.state import State
from izzzi_sandbox.dns.server import Resolver
from izzzi_sandbox.droplets import seed
from izzzi_sandbox.spaces import address

from .s3 import anonymous, connect, make


@pytest.fixture
def real_names(monkeypatch):
    """This process finds Spaces where the daemon is."""
    ask = socket.getaddrinfo

    def answer(host, *more, **options):
        return ask("127.0.0.1" if address.is_name(host) else host, *more, **options)

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_both_forms_of_a_buckets_address(daemon, real_names, style):
    port = daemon.environment["IZZZI_SANDBOX_SPACES_PORT"]
    spaces = connect(daemon, style=style, endpoint_url=f"http://fra1.digitaloceanspaces.com:{port}")
    make(spaces)
    spaces.put_object(Bucket="assets", Key="folder/a b", Body=b"1", ACL="public-read")
    assert [row["Key"] for row in spaces.list_objects_v2(Bucket="assets")["Contents"]] == ["folder/a b"]
    assert spaces.get_object(Bucket="assets", Key="folder/a b")["Body"].read() == b"1"
    url = spaces.generate_presigned_url("get_object", {"Bucket": "assets", "Key": "folder/a b"}, ExpiresIn=60)
    assert url.startswith("http://assets.fra1.") is (style == "virtual")
    assert anonymous(url) == 200
    assert anonymous(f"http://assets.fra1.digitaloceanspaces.com:{port}/folder/a%20b") == 200
    assert [bucket["Name"] for bucket in spaces.list_buckets()["Buckets"]] == ["assets"]


def test_a_fault_finds_a_bucket_in_the_host_name(daemon, real_names):
    port = daemon.environment["IZZZI_SANDBOX_SPACES_PORT"]
    spaces = connect(daemon, style="virtual", endpoint_url=f"http://fra1.digitaloceanspaces.com:{port}")
    make(spaces)
    daemon.call("POST", "/_sandbox/faults", {"kind": "status", "status": 403, "path": "spaces:/assets/a"})
    with pytest.raises(spaces.exceptions.ClientError, match="AccessDenied"):
        spaces.put_object(Bucket="assets", Key="a", Body=b"1")


@pytest.mark.parametrize(
    ("name", "type", "answers", "code"),
    [
        ("fra1.digitaloceanspaces.com", "A", ["198.51.100.1"], 0),
        ("my.bucket.nyc3.digitaloceanspaces.com", "A", ["198.51.100.1"], 0),
        ("Fra1.DigitalOceanSpaces.com", "A", ["198.51.100.1"], 0),
        ("fra1.digitaloceanspaces.com", "AAAA", [], 0),
        ("moon1.digitaloceanspaces.com", "A", [], 3),
        ("digitaloceanspaces.com", "A", [], 3),
    ],
)
def test_the_name_server_knows_them(tmp_path, name, type, answers, code):
    resolver = Resolver(State(tmp_path / "state.db"))
    resolver.spaces_is_at("198.51.100.1")
    reply = resolver.resolve(DNSRecord.question(name, type), None)
    assert [str(answer.rdata) for answer in reply.rr] == answers
    assert reply.header.rcode == code


def test_the_certificate_is_for_them(daemon):
    certificate = x509.load_pem_x509_certificate((daemon.home / "spaces-tls.pem").read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert {"*.digitaloceanspaces.com", "*.fra1.digitaloceanspaces.com"} <= set(names.get_values_for_type(x509.DNSName))


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl computes the hash")
def test_a_droplet_finds_the_ca_by_its_hash(daemon):
    command = ["openssl", "x509", "-noout", "-hash", "-in", daemon.home / "ca.pem"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip() == seed.CA_HASH


def test_the_ca_is_added_to_the_bundle_once():
    once = seed.trust(b"own\n", b"theirs\n")
    assert once[seed.BUNDLE] == b"theirs\nown\n"
    assert seed.trust(b"own\n", once[seed.BUNDLE]) == once
