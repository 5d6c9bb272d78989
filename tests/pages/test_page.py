# SPDX-License-Identifier: GPL-3.0-or-later
"""The operators' page in a real browser, with documents that the collection's own code makes of what engines say."""

from __future__ import annotations

import json
import re
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._pages.host import page as files
from ansible_collections.izzzi.infra.plugins.module_utils._pages.web import POLICY
from playwright.sync_api import Page, expect, sync_playwright

from tests.pages.facts import NEW, OLD, of_server, of_swarm

TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
CHROMIUM = ["--no-sandbox", "--disable-gpu"]


class Server:
    """Serves the page as nginx does, and the document that a test wants."""

    def __init__(self) -> None:
        self.document: Any = None
        self.status = 200
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                texts = files()
                if self.path == "/state.json":
                    status, kind, body = server.answer()
                elif (name := self.path.strip("/") or "index.html") in texts:
                    status, kind, body = 200, TYPES[Path(name).suffix], texts[name]
                else:
                    status, kind, body = 404, "text/plain", ""
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Security-Policy", POLICY)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}/"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def answer(self) -> tuple[int, str, str]:
        if callable(self.document):
            return self.status, "application/json", json.dumps(asdict(self.document()))
        return (self.status if self.document else 404), "application/json", json.dumps(self.document or {})


@pytest.fixture(scope="module")
def browser():
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=CHROMIUM)
        yield running
        running.close()


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.http.shutdown()


@pytest.fixture
def page(browser, server) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1280, "height": 900})
    faults: list[str] = []
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda said: faults.append(said.text) if "Content Security" in said.text else None)
    yield opened
    opened.close()
    assert faults == []


def said(page: Page) -> str:
    return page.get_by_role("list", name="What is going on").inner_text()


def open_with(page: Page, server: Server, make: Any) -> None:
    server.document = make
    page.goto(server.url)
    expect(page.get_by_role("heading", level=1)).to_have_text("izzzi")


def test_all_is_well_in_one_sentence(page, server):
    open_with(page, server, lambda: of_swarm(now=time.time()))
    assert said(page) == f"All is well: 8 tasks run on 3 nodes, release {OLD}."
    assert page.title() == "izzzi"
    expect(page.get_by_role("region", name="Rollout")).to_be_hidden()
    expect(page.get_by_role("row", name=re.compile(r"backend .*2 of 2.*well.*" + OLD))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile(OLD + ".*live.*ana@laptop"))).to_be_visible()
    expect(page.get_by_role("link", name="Mail catcher")).to_have_attribute("href", "http://127.0.0.1:8025/")
    expect(page.get_by_text("Last backup that was proven")).to_be_visible()


def test_who_sees_only_the_page_can_say_which_node_has_died(page, server):
    open_with(page, server, lambda: of_swarm(dead="worker-2", now=time.time()))
    assert "Node worker-2 does not answer; 3 tasks of it are lost." in said(page)
    dead = page.get_by_role("article", name="worker-2, does not answer")
    expect(dead).to_contain_text("✕ does not answer")
    assert dead.get_by_text("✕ lost with its node").count() == 3
    expect(page.get_by_role("article", name="worker-1", exact=True)).to_contain_text("✓ healthy")
    assert page.title() == "✕ izzzi"


def test_who_sees_only_the_page_can_say_what_is_rolled_out(page, server):
    open_with(page, server, lambda: of_swarm(rolling=True, step="healthy 1 of 2", now=time.time()))
    rollout = page.get_by_role("region", name="Rollout")
    expect(rollout).to_contain_text(
        f"Release {NEW} is being rolled out, in place of {OLD}: 1 of 4 have it. By ana@laptop."
    )
    expect(rollout).to_contain_text("Step: healthy 1 of 2")
    assert float(page.get_by_role("progressbar").get_attribute("value")) == 1
    assert f"Release {NEW} is being rolled out" in said(page)
    expect(page.get_by_role("article", name="worker-1")).to_contain_text(f"release {NEW}")


def test_of_several_apps_one_is_shown_and_what_is_not_well_of_any(page, server):
    def both() -> Any:
        blog = replace(of_server(now=time.time()), app="blog", stopped=True)
        return replace(of_server(rolling=True, now=time.time()), others=(blog,))

    open_with(page, server, both)
    assert "blog: The app is stopped: visitors get a page." in said(page)
    expect(page.get_by_role("region", name="Rollout")).to_be_visible()
    page.get_by_role("link", name="blog").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("blog")
    expect(page.get_by_role("region", name="Rollout")).to_be_hidden()
    assert "izzzi: Release" in said(page)
    expect(page.get_by_role("link", name="izzzi")).to_have_attribute("href", "#izzzi")


def test_one_server_shows_two_colours(page, server):
    open_with(page, server, lambda: of_server(rolling=True, now=time.time()))
    expect(page.get_by_role("article", name="blue")).to_contain_text("live: visitors are here")
    green = page.get_by_role("article", name="green")
    expect(green).to_contain_text("the new release, before visitors")
    expect(green).to_contain_text("… starting")
    expect(page.get_by_role("article", name="data")).to_contain_text("postgres:17")
    expect(page.get_by_role("region", name="Rollout")).to_contain_text("1 of 2 have it")
    server.document = lambda: of_server(now=time.time())
    expect(green).to_have_count(0, timeout=10_000)
    assert said(page) == f"All is well: 3 containers run on app, release {OLD}."


def test_a_node_that_dies_is_told_while_somebody_looks_or_listens(page, server):
    open_with(page, server, lambda: of_swarm(now=time.time()))
    live = page.locator("[aria-live=polite]")
    expect(live).to_contain_text("All is well")
    page.evaluate("document.querySelector('article').id = 'same'")
    time.sleep(2.5)
    assert page.locator("#same").count() == 1, "what has not changed is left alone"
    server.document = lambda: of_swarm(dead="worker-2", now=time.time())
    expect(live).to_contain_text("Node worker-2 does not answer", timeout=10_000)


def test_an_old_document_is_called_old(page, server):
    open_with(page, server, lambda: of_swarm(now=time.time() - 60))
    expect(page.get_by_role("alert")).to_have_text("What is shown is old: manager-1 writes nothing new.")
    server.document = lambda: of_swarm(now=time.time())
    expect(page.get_by_role("alert")).to_be_hidden(timeout=10_000)


def test_a_server_that_says_nothing_is_told(page, server):
    page.goto(server.url)
    expect(page.get_by_role("alert")).to_have_text("Nothing is written here yet.")
    server.document, server.status = (lambda: of_swarm(now=time.time())), 502
    expect(page.get_by_role("alert")).to_have_text("The server answers with 502.", timeout=10_000)


def test_troubles_of_backups_and_problems_of_the_engine_are_told(page, server):
    def make():
        state = of_swarm(now=time.time())
        backup = replace(state.backup, troubles=("The last backup is 40 h old; at most 26 h are declared.",))
        return replace(state, backup=backup, problems=("This manager's Swarm has no majority.",), stopped=False)

    open_with(page, server, make)
    assert "The last backup is 40 h old" in said(page)
    assert "no majority" in said(page)


def test_what_a_document_says_is_text(page, server):
    def make():
        state = of_swarm(now=time.time())
        return replace(state, problems=("<img src=x onerror=document.title='bad'>",))

    open_with(page, server, make)
    assert "<img src=x" in said(page)
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("make", [of_swarm, of_server], ids=["swarm", "server"])
def test_a_phone_shows_all_of_it(browser, server, make, scheme):
    page = browser.new_page(viewport={"width": 360, "height": 740}, color_scheme=scheme, has_touch=True)
    open_with(page, server, lambda: make(rolling=True, now=time.time()))
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 360, "the page itself does not scroll to the side"
    back, text = page.evaluate("(s => [s.backgroundColor, s.color])(getComputedStyle(document.body))")
    assert (brightness(back) < 60) == (scheme == "dark")
    assert abs(brightness(back) - brightness(text)) > 150
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_and_what_is_behind_them_differ_enough_to_be_read(browser, server, scheme):
    """The contrast that WCAG 2 asks for, AA: 4.5 to 1."""
    page = browser.new_page(color_scheme=scheme)
    open_with(page, server, lambda: of_swarm(dead="worker-2", rolling=True, now=time.time()))
    pairs = page.evaluate("""[...document.querySelectorAll('.good, .busy, .bad, .more, th, h3, footer p')].map(one => {
        let behind = one;
        const back = () => getComputedStyle(behind).backgroundColor;
        while (behind.parentElement && /, 0\\)$|transparent/.test(back())) behind = behind.parentElement;
        return [getComputedStyle(one).color, back(), one.textContent];
    })""")
    assert len(pairs) > 20
    assert [(text, round(contrast(a, b), 2)) for a, b, text in pairs if contrast(a, b) < 4.5] == []
    page.close()


def test_a_screen_reader_finds_its_way(page, server):
    open_with(page, server, lambda: of_swarm(rolling=True, dead="worker-2", now=time.time()))
    tree = page.locator("body").aria_snapshot()
    for part in (
        'heading "izzzi" [level=1]',
        'heading "Rollout" [level=2]',
        'region "Rollout"',
        'heading "Nodes" [level=2]',
        'article "worker-2, does not answer"',
        'table "Services"',
        'columnheader "Well"',
        'table "Last releases"',
        "progressbar",
        'meter "Disk: 31 GiB free of 80 GiB"',
    ):
        assert part in tree, f"{part} is not in\n{tree}"
    assert page.evaluate("document.documentElement.lang") == "en"


def test_the_page_needs_no_network(page, server):
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_with(page, server, lambda: of_swarm(now=time.time()))
    time.sleep(2.5)
    assert asked
    assert {url for url in asked if not url.startswith((server.url, "data:"))} == set()


def numbers(colour: str) -> list[float]:
    return [float(number) for number in re.findall(r"[\d.]+", colour)[:3]]


def brightness(colour: str) -> float:
    return sum(numbers(colour)) / 3


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        linear = [n / 255 / 12.92 if n <= 10 else ((n / 255 + 0.055) / 1.055) ** 2.4 for n in numbers(colour)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    bright, dark = sorted((light(one), light(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)
