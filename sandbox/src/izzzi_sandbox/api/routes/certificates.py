# SPDX-License-Identifier: GPL-3.0-or-later
"""/v2/certificates for load balancers. Only custom ones: nobody can prove a domain to Let's Encrypt from here."""

from __future__ import annotations

import hashlib
import uuid
from typing import Annotated, Any, Literal

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from fastapi import APIRouter
from pydantic import Field, SecretStr

from ...account.records import Certificate, LoadBalancer
from .. import errors
from ..deps import Account, Body, found
from ..pagination import Paged

router = APIRouter(prefix="/certificates")


class Create(Body):
    name: Annotated[str, Field(min_length=1, max_length=255)]
    type: Literal["custom", "lets_encrypt"] = "custom"
    private_key: SecretStr | None = None
    leaf_certificate: str | None = None
    certificate_chain: str | None = None
    dns_names: list[str] | None = None


def show(certificate: Certificate) -> dict[str, Any]:
    return {
        "id": certificate.id,
        "name": certificate.name,
        "not_after": certificate.not_after,
        "sha1_fingerprint": certificate.sha1_fingerprint,
        "created_at": certificate.created_at,
        "dns_names": certificate.dns_names,
        "state": "verified",
        "type": certificate.type,
    }


def _read(body: Create) -> Certificate:
    if body.type == "lets_encrypt":
        raise errors.invalid("type: the sandbox cannot reach Let's Encrypt; give a custom certificate")
    if not (body.private_key and body.leaf_certificate):
        raise errors.invalid("private_key and leaf_certificate are required")
    private = body.private_key.get_secret_value()
    try:
        leaf = x509.load_pem_x509_certificate(body.leaf_certificate.encode())
        key = load_pem_private_key(private.encode(), None)
    except (ValueError, TypeError):
        raise errors.invalid("private_key and leaf_certificate must be PEM, the key without a password") from None
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if leaf.public_key().public_bytes(*form) != key.public_key().public_bytes(*form):
        raise errors.invalid("private_key does not belong to leaf_certificate")
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        dns_names = names.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        dns_names = []
    parts = [body.leaf_certificate, body.certificate_chain or "", private]
    return Certificate(
        id=str(uuid.uuid4()),
        name=body.name,
        type="custom",
        dns_names=dns_names,
        not_after=leaf.not_valid_after_utc.strftime("%Y-%m-%dT%H:%M:%SZ"),
        sha1_fingerprint=hashlib.sha1(leaf.public_bytes(Encoding.DER), usedforsecurity=False).hexdigest(),
        pem="\n".join(part.strip() for part in parts if part) + "\n",
    )


@router.get("")
def list_certificates(cloud: Account, pager: Paged, name: str | None = None) -> dict[str, Any]:
    rows = [row for row in cloud.state.all(Certificate) if name in (None, row.name)]
    return pager.reply("certificates", rows, show)


@router.post("", status_code=201)
def create(cloud: Account, body: Create) -> dict[str, Any]:
    certificate = _read(body)
    with cloud.state.transaction():
        if any(row.name == body.name for row in cloud.state.all(Certificate)):
            raise errors.invalid("name is already in use")
        return {"certificate": show(cloud.state.put(certificate))}


@router.get("/{certificate_id}")
def show_certificate(cloud: Account, certificate_id: str) -> dict[str, Any]:
    return {"certificate": show(found(cloud.state.get(Certificate, certificate_id)))}


@router.delete("/{certificate_id}", status_code=204)
def delete(cloud: Account, certificate_id: str) -> None:
    with cloud.state.transaction():
        certificate = found(cloud.state.get(Certificate, certificate_id))
        for balancer in cloud.state.all(LoadBalancer):
            if any(rule["certificate_id"] == certificate.id for rule in balancer.settings["forwarding_rules"]):
                raise errors.ApiError(403, f"the certificate is used by the load balancer {balancer.name}")
        cloud.state.remove(certificate)
