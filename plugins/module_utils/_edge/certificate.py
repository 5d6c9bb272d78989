# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a certificate and its key, in words, before a server gets them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise

try:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
except ImportError:  # a host without it: certificates are judged on the controller
    HAS_CRYPTOGRAPHY = False
else:
    HAS_CRYPTOGRAPHY = True

SMALLEST_RSA = 2048


def problems(certificate: str, key: str, names: Iterable[str], now: datetime, root: str = "") -> list[str]:
    """One sentence for each fault. The certificate is PEM text, the server's own first, then its chain."""
    try:
        chain = x509.load_pem_x509_certificates(certificate.encode())
        roots = x509.load_pem_x509_certificates(root.encode()) if root else []
    except (ValueError, UnsupportedAlgorithm):
        return ["The certificate cannot be read. Give PEM text: -----BEGIN CERTIFICATE----- ..."]
    return [*_key(chain[0], key), *_validity(chain, now), *_names(chain[0], names), *_order(chain, roots)]


def _key(leaf: x509.Certificate, key: str) -> Iterator[str]:
    try:
        private = load_pem_private_key(key.encode(), password=None)
    except TypeError:
        yield "The key is encrypted. Give it without a passphrase; the vault protects it."
        return
    except (ValueError, UnsupportedAlgorithm):
        yield "The key cannot be read. Give PEM text: -----BEGIN PRIVATE KEY----- ..."
        return
    public = [
        k.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for k in (private.public_key(), leaf.public_key())
    ]
    if public[0] != public[1]:
        yield "The key does not fit the certificate. Check that the server's own certificate comes first in the file."
    if isinstance(leaf.public_key(), RSAPublicKey) and leaf.public_key().key_size < SMALLEST_RSA:
        yield f"The key is too short: {leaf.public_key().key_size} bits. Use {SMALLEST_RSA} or more, or P-256."


def _validity(chain: list[x509.Certificate], now: datetime) -> Iterator[str]:
    for certificate in chain:
        name = certificate.subject.rfc4514_string() or "without a subject"
        if certificate.not_valid_after_utc <= now:
            yield f"The certificate {name} has ended on {certificate.not_valid_after_utc:%Y-%m-%d}."
        if certificate.not_valid_before_utc > now:
            yield f"The certificate {name} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d %H:%M} UTC."


def _names(leaf: x509.Certificate, names: Iterable[str]) -> Iterator[str]:
    try:
        extension = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        held = [name.lower() for name in extension.value.get_values_for_type(x509.DNSName)]
    except x509.ExtensionNotFound:
        held = []
    missing = [name for name in names if name != "_" and not _covers(held, name)]
    if missing:
        yield f"The certificate is for {', '.join(held) or 'no name'}, but not for {', '.join(missing)}."


def _covers(held: list[str], name: str) -> bool:
    return name in held or ("." in name and f"*.{name.split('.', 1)[1]}" in held)


def _order(chain: list[x509.Certificate], roots: list[x509.Certificate]) -> Iterator[str]:
    """Each certificate must be vouched for by the next; the last one by a root, which servers need not send."""
    for certificate, issuer in pairwise(chain):
        if not _issued_by(certificate, issuer):
            yield (
                f"The chain is out of order: {issuer.subject.rfc4514_string()} has not issued "
                f"{certificate.subject.rfc4514_string()}."
            )
    last = chain[-1]
    if roots and not any(_issued_by(last, root) or last == root for root in roots):
        yield f"The chain ends with {last.subject.rfc4514_string()}, which the given root has not issued."
    if not roots and len(chain) == 1 and last.subject != last.issuer:
        yield (
            f"The chain is missing: append the certificate of {last.issuer.rfc4514_string()}, or give it as root "
            "when it is one of your own."
        )


def _issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
