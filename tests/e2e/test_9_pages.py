# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages for operators on the demo's server: who gets in, what they show, and that Chromium shows it."""

from __future__ import annotations

import base64
import json
import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from tests.e2e.driver import generated_secrets, http, on_droplet, run_playbook
from tests.e2e.test_2_app import CHROMIUM_ARGUMENTS


@pytest.fixture(scope="module")
def login() -> dict[str, str]:
    return {"username": "operator", "password": generated_secrets()["vault_operator_password"]}


@pytest.fixture(scope="module")
def header(login) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(":".join(login.values()).encode()).decode()}


@pytest.mark.parametrize("port", [8080, 8025])
def test_nobody_gets_in_without_a_login(address, header, port):
    assert http(f"http://{address}:{port}/").status == 401
    assert http(f"http://{address}:{port}/nothing").status == 401
    wrong = {"Authorization": "Basic " + base64.b64encode(b"operator:guessed").decode()}
    assert http(f"http://{address}:{port}/", headers=wrong).status == 401
    assert http(f"http://{address}:{port}/", headers=header).status == 200


def test_a_container_of_the_app_gets_nothing(address):
    """It is on the host, and no operator."""
    ask = f"fetch('http://{address}:8080/').then(r => console.log(r.status), () => console.log('none'))"
    said = on_droplet(f'sudo izzzi exec backend -- node -e "{ask}"').strip()
    assert said in ("none", "403")


def test_the_document_is_what_runs_and_has_no_secret(address, header):
    reply = http(f"http://{address}:8080/state.json", headers=header)
    state = reply.json
    release = http(f"http://{address}/api/health").json["release"]
    assert (state["app"], state["runner"], state["live"]) == ("izzzi", "compose", release)
    assert {one["name"] for one in state["services"]} == {"backend", "frontend", "postgres", "redis", "mail"}
    assert [one for one in state["services"] if one["running"] < one["wanted"]] == []
    assert state["nodes"][0]["disk"]["total"] > 0
    assert [name for name, value in generated_secrets().items() if str(value) in reply.body] == []


def test_neither_a_web_process_nor_a_container_has_dockers_socket():
    mounts = on_droplet("sudo docker ps --quiet | xargs sudo docker inspect --format '{{json .Mounts}}'")
    assert "docker.sock" not in mounts
    master = on_droplet("systemctl show --property MainPID --value izzzi-pages-web.service").strip()
    reach = "python3 -c \"import socket; socket.socket(socket.AF_UNIX).connect('/run/docker.sock')\" 2>&1 && echo there"
    assert on_droplet(f"sudo {reach}").strip() == "there"
    assert "there" not in on_droplet(f"sudo nsenter --target {master} --mount {reach} || true")


def test_chromium_shows_it(address, login, artifacts):
    executable = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGUMENTS)
        page = browser.new_page(viewport={"width": 1280, "height": 900}, http_credentials=login)
        page.goto(f"http://{address}:8080/")
        expect(page.get_by_role("heading", level=1)).to_have_text("izzzi")
        live = page.get_by_role("article", name="blue").or_(page.get_by_role("article", name="green"))
        expect(live.get_by_text("live: visitors are here")).to_be_visible()
        expect(page.get_by_role("article", name="data")).to_contain_text("postgres:17")
        page.screenshot(path=artifacts / "pages.png", full_page=True)
        page.get_by_role("link", name="Mail catcher").click()
        expect(page).to_have_title("MailDev")
        page.screenshot(path=artifacts / "mail.png")
        browser.close()


def test_switched_off_they_are_gone_and_a_deploy_brings_them_back(address, header):
    off = json.dumps({"operator_pages_enabled": False})
    run = run_playbook("playbooks/deploy.yml", "--tags", "pages", "-e", off)
    assert run.status == 0, run.output[-4000:]
    assert on_droplet("ls /etc/systemd/system | grep -c izzzi-pages || true").strip() == "0"
    assert on_droplet("sudo ss -Hltn 'sport = 8080 or sport = 8025'").strip() == ""
    run = run_playbook("playbooks/deploy.yml", "--tags", "pages")
    assert run.status == 0, run.output[-4000:]
    assert http(f"http://{address}:8080/", headers=header).status == 200
    again = run_playbook("playbooks/deploy.yml", "--tags", "pages")
    assert again.status == 0, again.output[-4000:]
    assert again.total("changed") == 0, again.output[-4000:]
