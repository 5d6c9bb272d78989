# SPDX-License-Identifier: GPL-3.0-or-later
"""The sandbox's own certificate authority, and its server certificates: for this machine's loopback names and for
those of Spaces."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..spaces.address import certificate_names
from .settings import Settings

CA_DAYS = 3650
SERVER_DAYS = 365
RENEW_BEFORE = timedelta(days=30)


def ensure(settings: Settings) -> None:
    """Make what is missing or about to expire."""
    if not (_fresh(settings.ca_file) and settings.ca_key_file.exists()):
        _make_ca(settings)
        for path in (settings.tls_file, settings.spaces_tls_file):
            path.unlink(missing_ok=True)
    loopback = [x509.DNSName("localhost"), x509.IPAddress(ip_address(settings.host)), x509.IPAddress(ip_address("::1"))]
    names = {settings.tls_file: loopback, settings.spaces_tls_file: [*map(x509.DNSName, certificate_names())]}
    for path, own in names.items():
        if not _fresh(path):
            _make_server(settings, path, own)


def _fresh(path: Path) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return False
    return certificate.not_valid_after_utc > datetime.now(UTC) + RENEW_BEFORE


def _make_ca(settings: Settings) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "izzzi-sandbox CA")])
    usage = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        _builder(name, name, key, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    write_private(settings.ca_key_file, _pem(key))
    write_private(settings.ca_file, certificate.public_bytes(serialization.Encoding.PEM), mode=0o644)


def _make_server(settings: Settings, path: Path, own: list[x509.GeneralName]) -> None:
    ca = x509.load_pem_x509_certificate(settings.ca_file.read_bytes())
    ca_key = serialization.load_pem_private_key(settings.ca_key_file.read_bytes(), password=None)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "izzzi-sandbox")])
    names = x509.SubjectAlternativeName(own)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.public_key())
    certificate = (
        _builder(name, ca.subject, key, SERVER_DAYS)
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(authority, critical=False)
        .sign(ca_key, hashes.SHA256())
    )
    write_private(path, certificate.public_bytes(serialization.Encoding.PEM) + _pem(key))


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    start = datetime.now(UTC) - timedelta(minutes=5)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def write_private(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Never readable by others, not even while it is written; never half a file."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)
