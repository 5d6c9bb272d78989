# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import stat
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.lock import LeaseError
from ansible_collections.izzzi.infra.plugins.module_utils._certificate import authority
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.authority import (
    ask,
    command,
    environment,
    explain,
)
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.settings import Failure, Settings, Site

SETTINGS = Settings(directory="https://acme.example/dir", email="ops@shop.example", resolvers=["192.0.2.1:53"])
HTTP, DNS = Site(["shop.example"]), Site(["*.shop.example", "shop.example"], challenge="dns-01")


def test_lego_is_asked_for_all_names():
    words = " ".join(command(SETTINGS, HTTP, Path("/home"), Path("/web")))
    assert "--server https://acme.example/dir --email ops@shop.example --domains shop.example" in words
    assert words.endswith("--http --http.webroot /web run")


def test_the_token_of_dns_is_in_a_file_and_not_among_the_arguments():
    words = " ".join(command(SETTINGS, DNS, Path("/home"), Path("/web")))
    assert "--dns digitalocean --dns.resolvers 192.0.2.1:53 --dns.disable-cp" in words
    assert environment(SETTINGS, DNS)["DO_AUTH_TOKEN_FILE"] == "/etc/izzzi-certificate/dns-token"
    assert "DO_AUTH_TOKEN_FILE" not in environment(SETTINGS, HTTP)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("urn:ietf:params:acme:error:rateLimited: too many", "limits the rate: "),
        ("acme: error: 403 :: unauthorized", "gave no certificate: "),
        ("get directory at 'https://acme.example/dir': dial tcp: connection refused", "cannot be reached: "),
    ],
)
def test_what_lego_said_is_explained(said, words):
    assert words in explain("https://acme.example/dir", f"2026 [INFO] noise\n{said}")
    assert "noise" not in explain("https://acme.example/dir", f"2026 [INFO] noise\n{said}")


@pytest.fixture
def lego(tmp_path, monkeypatch):
    def put(text: str) -> None:
        program = tmp_path / "lego"
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(program.stat().st_mode | stat.S_IEXEC)
        monkeypatch.setenv("PATH", str(tmp_path), prepend=":")

    return put


def test_key_and_chain_are_returned(lego, tmp_path):
    lego('mkdir -p "$3/certificates" && echo PEM > "$3/certificates/_.shop.example.pem"')
    assert ask(SETTINGS, DNS, tmp_path, tmp_path, lambda: None) == "PEM\n"


def test_a_refusal_is_a_failure(lego, tmp_path):
    lego("echo urn:ietf:params:acme:error:rateLimited >&2; exit 1")
    with pytest.raises(Failure, match="limits the rate"):
        ask(SETTINGS, HTTP, tmp_path, tmp_path, lambda: None)


def test_who_has_lost_the_lock_asks_no_more(lego, tmp_path, monkeypatch):
    monkeypatch.setattr(authority, "LOOK_EVERY", 0.05)
    lego(f"echo $$ > {tmp_path}/pid; exec sleep 60")

    def lost() -> None:
        if (tmp_path / "pid").exists():
            raise LeaseError("lost")

    with pytest.raises(LeaseError):
        ask(SETTINGS, HTTP, tmp_path, tmp_path, lost)
    assert not Path(f"/proc/{(tmp_path / 'pid').read_text().strip()}").exists()
