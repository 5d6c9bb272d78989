# SPDX-License-Identifier: GPL-3.0-or-later
"""The app as its visitors see it, and the droplet as a stranger sees it."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import uuid

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.e2e.driver import http, on_droplet

# What a browser on a machine without internet must not try.
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
def page():
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 800})
        yield page
        browser.close()


def test_page_shows_what_the_api_wrote(address, page, artifacts):
    title = f"written by the API {uuid.uuid4().hex[:8]}"
    created = http(f"http://{address}/api/notes", "POST", {"title": title})
    assert created.status == 201, created
    release = http(f"http://{address}/api/health").json["release"]

    page.goto(f"http://{address}/")
    expect(page.get_by_text(title)).to_be_visible()
    expect(page.get_by_test_id("release")).to_contain_text(release)
    page.screenshot(path=artifacts / "app.png")


def test_page_follows_the_websocket(address, page):
    page.goto(f"http://{address}/")
    expect(page.get_by_test_id("live")).to_contain_text("live", ignore_case=True)
    title = f"pushed over the websocket {uuid.uuid4().hex[:8]}"
    assert http(f"http://{address}/api/notes", "POST", {"title": title}).status == 201
    expect(page.get_by_text(title)).to_be_visible()


def test_a_note_sends_a_mail_that_the_catcher_holds(address):
    title = f"mailed {uuid.uuid4().hex[:8]}"
    assert http(f"http://{address}/api/notes", "POST", {"title": title}).status == 201
    for _ in range(20):
        mails = json.loads(on_droplet("curl -sS http://127.0.0.1:1080/email"))
        if any(title in json.dumps(mail) for mail in mails):
            return
        time.sleep(0.5)
    pytest.fail(f"no mail mentions {title!r}")


CONNECT = """
import socket, sys
from concurrent.futures import ThreadPoolExecutor

def attempt(port):
    with socket.socket() as s:
        s.settimeout(3)
        return "open" if s.connect_ex((sys.argv[1], int(port))) == 0 else "closed"

with ThreadPoolExecutor(len(sys.argv)) as at_once:
    for port, answer in zip(sys.argv[2:], at_once.map(attempt, sys.argv[2:])):
        print(port, answer)
"""


def test_a_stranger_reaches_port_80_only(address):
    """Connects from a container on the sandbox's public network: another machine of the internet."""
    closed = ["22", "1080", "1025", "2375", "2377", "3000", "4000", "5432", "6379", "8025"]
    command = ["docker", "run", "--rm", "--network", "izzzi-sandbox-public", "--entrypoint", "python3"]
    ran = subprocess.run(
        [*command, "izzzi-sandbox/debian-13-x64:latest", "-c", CONNECT, address, "80", *closed],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert dict(line.split() for line in ran.stdout.splitlines()) == {"80": "open", **dict.fromkeys(closed, "closed")}
