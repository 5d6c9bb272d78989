# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import shutil
import subprocess

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.served_certificate import expiry, served


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl makes the certificates")
@pytest.mark.parametrize("days", [5, 40, 20_000])  # the last one is told in another form, since it is after 2049
def test_the_end_of_a_certificate_is_read(days, tmp_path):
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "/dev/null", "-subj", "/CN=x"]
    subprocess.run(
        [*made, "-days", str(days), "-outform", "DER", "-out", tmp_path / "x"], check=True, capture_output=True
    )
    der = (tmp_path / "x").read_bytes()
    asked = ["openssl", "x509", "-inform", "DER", "-noout", "-enddate", "-dateopt", "iso_8601"]
    said = subprocess.run(asked, input=der, capture_output=True, check=True).stdout.decode()
    when = subprocess.run(["date", "-d", said.split("=")[1].strip(), "+%s"], capture_output=True, check=True).stdout
    assert expiry(der) == float(when)


def test_no_certificate_has_no_end():
    assert expiry(b"") is None
    assert served("example.com", 9) == b""
