# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._host.openpgp import fingerprints

# Made by `gpg --quick-generate-key test@example.org ed25519`; gpg says what its fingerprint is.
KEY = """-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawa+CRYJKwYBBAHaRw8BAQdADtCXGVcNoyUu3T1ZZQuvlb3yOGHl+8t30+jz
GjQFZ4y0F3Rlc3QgPHRlc3RAZXhhbXBsZS5vcmc+iJAEExYIADgWIQSpyLS3N+j8
CSGdBSEjHlVSB62xcwUCawa+CQIbAwULCQgHAgYVCgkICwIEFgIDAQIeAQIXgAAK
CRAjHlVSB62xc/+nAP9IT3d0N/HY/hXZdVSKAVyzyj3cKRvoBF5RFcKMHr4tdgD+
Nt7b/h1K8ikeUdRIYoiWm/Oa86oFQ8eb9mP85H0zFQs=
=Z6Cd
-----END PGP PUBLIC KEY BLOCK-----
"""
FINGERPRINT = "A9C8B4B737E8FC09219D0521231E555207ADB173"


def test_the_fingerprint_is_gpgs():
    assert fingerprints(KEY) == [FINGERPRINT]


def test_headers_and_line_ends_do_not_matter():
    begin = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n"
    assert fingerprints(KEY.replace(begin, f"{begin}Comment: a key\n").replace("\n", "\r\n")) == [FINGERPRINT]


def test_several_blocks_are_several_keys():
    assert fingerprints(KEY + KEY) == [FINGERPRINT, FINGERPRINT]


@pytest.mark.parametrize("text", ["", "<html>404</html>"])
def test_what_is_no_key_is_refused(text):
    with pytest.raises(ValueError, match="holds no OpenPGP public key"):
        fingerprints(text)


def test_a_key_that_is_cut_short_is_refused():
    lines = KEY.splitlines()
    with pytest.raises(ValueError, match="cut short"):
        fingerprints("\n".join([*lines[:3], lines[-1]]))
