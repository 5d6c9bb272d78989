# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._edge.certificate import problems
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
DAY = timedelta(days=1)


def pem_of(key) -> str:
    encoding = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*encoding).decode()


class Authority:
    """An authority with a certificate of its own, signed by itself or by another one."""

    def __init__(self, name: str, by: Authority | None = None):
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = ec.generate_private_key(ec.SECP256R1())
        issuer = by or self
        self.certificate = self._sign(self.name, self.key, issuer, x509.BasicConstraints(ca=True, path_length=None))
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    @staticmethod
    def _sign(name, key, issuer, extension, begin=NOW - DAY, end=NOW + 90 * DAY):
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(issuer.name).public_key(key.public_key())
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(begin).not_valid_after(end)
        return builder.add_extension(extension, critical=False).sign(issuer.key, hashes.SHA256())

    def issue(self, key, names, **when) -> str:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        names = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        return self._sign(subject, key, self, names, **when).public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture(scope="module")
def root():
    return Authority("root")


@pytest.fixture(scope="module")
def intermediate(root):
    return Authority("intermediate", root)


@pytest.fixture(scope="module")
def key():
    return ec.generate_private_key(ec.SECP256R1())


NAMES = ["shop.example", "*.shop.example"]


def test_a_full_chain_is_well(intermediate, key):
    chain = intermediate.issue(key, NAMES) + intermediate.pem
    assert problems(chain, pem_of(key), ["shop.example", "www.shop.example", "_"], NOW) == []


def test_one_of_an_own_root_is_well(root, intermediate, key):
    assert problems(root.issue(key, NAMES), pem_of(key), NAMES, NOW, root.pem) == []
    chain = intermediate.issue(key, NAMES) + intermediate.pem
    assert problems(chain, pem_of(key), NAMES, NOW, root.pem) == []


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ({"begin": NOW - 90 * DAY, "end": NOW}, "has ended on 2026-11-25"),
        ({"begin": NOW + DAY}, "is not valid before 2026-11-26 12:00 UTC"),
    ],
)
def test_it_must_be_valid_now(intermediate, key, when, words):
    [problem] = problems(intermediate.issue(key, NAMES, **when) + intermediate.pem, pem_of(key), NAMES, NOW)
    assert words in problem


@pytest.mark.parametrize("name", ["other.example", "a.b.shop.example", "example"])
def test_names_must_be_covered(intermediate, key, name):
    [problem] = problems(intermediate.issue(key, NAMES) + intermediate.pem, pem_of(key), [name], NOW)
    assert problem == f"The certificate is for shop.example, *.shop.example, but not for {name}."


def test_the_key_must_fit(intermediate, key):
    other = pem_of(ec.generate_private_key(ec.SECP256R1()))
    [problem] = problems(intermediate.issue(key, NAMES) + intermediate.pem, other, NAMES, NOW)
    assert "does not fit" in problem
    assert other.splitlines()[1] not in problem


def test_a_short_key_is_refused(intermediate):
    short = rsa.generate_private_key(65537, 1024)
    [problem] = problems(intermediate.issue(short, NAMES) + intermediate.pem, pem_of(short), NAMES, NOW)
    assert "1024 bits" in problem


def test_a_missing_chain_is_refused(intermediate, key):
    [problem] = problems(intermediate.issue(key, NAMES), pem_of(key), NAMES, NOW)
    assert "append the certificate of CN=intermediate" in problem


def test_a_wrong_order_and_a_wrong_root_are_refused(root, intermediate, key):
    leaf = intermediate.issue(key, NAMES)
    assert "out of order" in problems(leaf + root.pem, pem_of(key), NAMES, NOW)[0]
    [problem] = problems(leaf + intermediate.pem, pem_of(key), NAMES, NOW, Authority("stranger").pem)
    assert "which the given root has not issued" in problem


def test_an_encrypted_key_is_refused(intermediate, key):
    lock = serialization.BestAvailableEncryption(b"hunter22")
    encrypted = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock).decode()
    [problem] = problems(intermediate.issue(key, NAMES) + intermediate.pem, encrypted, NAMES, NOW)
    assert "encrypted" in problem


@pytest.mark.parametrize(("certificate", "given"), [("nonsense", "x"), ("", "")])
def test_what_is_no_pem_is_refused(certificate, given):
    assert problems(certificate, given, [], NOW)[0].startswith("The certificate cannot be read")
