# SPDX-License-Identifier: GPL-3.0-or-later
"""From an empty account to the live app, in the order in which a user meets it."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess

import pytest

from tests.e2e.driver import (
    BIN,
    ROOT,
    SANDBOX_HOME,
    cloud,
    generated_secrets,
    http,
    on_droplet,
    ours,
    parse_recap,
    run_playbook,
    site,
)


@pytest.fixture(scope="module", autouse=True)
def empty_account():
    if not os.environ.get("IZZZI_ACCOUNT_IS_SHARED"):  # scripts/test has emptied it, and others are at work in it
        subprocess.run([BIN / "izzzi-sandbox", "reset", "--yes"], cwd=ROOT, check=True, timeout=300)
    assert ours("droplets") == []


def test_check_on_an_empty_account_plans_and_writes_nothing(artifacts):
    run = site("--check", "--diff")
    (artifacts / "check-empty.log").write_text(run.output)
    assert run.status == 0, run.output
    assert run.total("changed") >= 1, "an empty account is not the declared state: check mode must say so"
    assert "+ droplet izzzi-dev-app  (+24.00 USD a month)" in run.output
    assert re.search(r"cloud  \d+ to create\n  hosts  izzzi-dev-app gets Docker, nginx and the app\n  cost", run.output)
    for kind in ("droplets", "firewalls", "tags", "account/keys"):
        assert ours(kind) == [], kind


def test_first_run_brings_the_app_up(artifacts):
    run = site()
    (artifacts / "site-cold.log").write_text(run.output)
    assert run.status == 0, run.output[-8000:]
    (droplet,) = cloud("/droplets?name=izzzi-dev-app")["droplets"]
    assert droplet["status"] == "active"
    (address,) = [n["ip_address"] for n in droplet["networks"]["v4"] if n["type"] == "public"]
    assert f"http://{address}/" in run.output, "the summary names the app's URL"
    (command,) = re.findall(rf"SSH +(ssh .*deploy@{re.escape(address)})$", run.output, flags=re.MULTILINE)
    login = subprocess.run(
        [*shlex.split(command), "-o", "BatchMode=yes", "sudo", "whoami"], capture_output=True, text=True, check=False
    )
    assert login.stdout == "root\n", f"{command} does not work as printed: {login.stderr}"


def test_the_domain_points_to_the_droplet_and_the_buckets_hold_data(address):
    for name in ("izzzi.test", "www.izzzi.test", "api.izzzi.test"):
        assert on_droplet(f"getent ahostsv4 {name}").split()[0] == address
    public = "http://127.0.0.1:8782/izzzi-dev-{}"
    assert http(public.format("assets")).status == 200, "public-read: everybody may list it"
    assert http(public.format("backups")).status == 403, "private"


def test_no_secret_was_printed(artifacts):
    output = (artifacts / "site-cold.log").read_text()
    secrets = generated_secrets()
    assert secrets, "the run generated secrets"
    secrets |= {"spaces_key": (SANDBOX_HOME / "spaces_key").read_text().split()[1]}
    leaked = [name for name, value in secrets.items() if value in output]
    assert leaked == []


def test_health_names_every_dependency_and_the_release(address):
    reply = http(f"http://{address}/api/health")
    assert reply.status == 200
    assert reply.json["status"] == "ok"
    assert reply.json["checks"] == {"postgres": "ok", "redis": "ok"}
    assert re.fullmatch(r"(tree|\d{8})-[0-9a-f]{12}", reply.json["release"])


@pytest.mark.parametrize("path", ["/", "/api", "/api/docs"])
def test_public_pages_answer(address, path):
    assert http(f"http://{address}{path}").status == 200


BY_TASK = {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"}


def results(output: str) -> list[str]:
    """Every task, and what it was on each host."""
    return re.findall(r"^(?:TASK \[.*\]|(?:ok|changed|skipping|failed|fatal): \[\S+\])", output, flags=re.MULTILINE)


def test_second_run_changes_nothing(artifacts):
    run = site(env=BY_TASK)
    (artifacts / "site-noop.log").write_text(run.output)
    assert run.status == 0, run.output
    assert run.total("changed") == 0, run.output


def test_the_installed_collection_does_the_same_without_a_checkout(tmp_path, artifacts):
    """As the README says: build, install, keep an inventory of one's own, run the playbook by its full name. With
    Ansible's own strategy: the one that ansible.cfg chooses for its speed must make no other difference.
    """
    galaxy = [BIN / "ansible-galaxy", "collection"]
    subprocess.run([*galaxy, "build", "--output-path", tmp_path, ROOT], check=True, capture_output=True)
    (artifact,) = tmp_path.glob("izzzi-infra-*.tar.gz")
    # Without --force nothing is installed where this user has the collection somewhere else already.
    install = [*galaxy, "install", "--force", "--no-deps", "--offline"]
    install += ["--collections-path", tmp_path / "collections", artifact]
    subprocess.run(install, cwd=tmp_path, check=True, capture_output=True)
    shutil.copytree(ROOT / "inventories/sandbox", tmp_path / "my-inventory")
    (tmp_path / "ansible.cfg").touch()  # all settings are Ansible's own
    run = run_playbook(
        *("-i", "my-inventory", "izzzi.infra.site"),
        # The demo app belongs to the checkout.
        *("--extra-vars", json.dumps({"app_source": {"path": str(ROOT / "examples/app")}})),
        cwd=tmp_path,
        env=BY_TASK
        | {
            "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
            "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"),
            "ANSIBLE_VAULT_PASSWORD_FILE": "~/.config/izzzi/vault-password",
        },
    )
    assert run.status == 0, run.output
    quick = (artifacts / "site-noop.log").read_text()
    assert results(run.output) == results(quick), "task by task and host by host, nothing changed among them"
    assert parse_recap(run.output) == parse_recap(quick)


def test_check_and_diff_on_the_converged_system_show_nothing(artifacts):
    run = site("--check", "--diff")
    (artifacts / "check-converged.log").write_text(run.output)
    assert run.status == 0, run.output
    assert run.total("changed") == 0, run.output
    assert "\n+++ " not in run.output
    assert re.search(r"  cloud  as declared\n  hosts  as declared\n  app    as declared\n  cost   24.00", run.output)


def test_tags_nginx_repairs_nginx_and_touches_nothing_else(address):
    on_droplet("sudo rm /etc/nginx/sites-enabled/izzzi && sudo systemctl restart nginx")
    with pytest.raises(OSError, match="refused"):
        http(f"http://{address}/api")

    predicted = site("--tags", "nginx", "--check", "--diff")
    assert predicted.status == 0, predicted.output
    assert predicted.total("changed") >= 1

    run = site("--tags", "nginx", env=BY_TASK)
    assert run.status == 0, run.output
    assert run.total("changed") >= 1
    # Ansible checks the arguments of every role, whatever the tags.
    roles = set(re.findall(r"^TASK \[(\S+) : (?!Validating arguments)", run.output, flags=re.MULTILINE))
    assert roles == {"izzzi.infra.nginx"}
    assert http(f"http://{address}/api").status == 200


def test_a_stopped_container_is_drift_that_check_reports_and_a_run_repairs(address):
    on_droplet("sudo docker stop $(sudo docker ps -q --filter label=com.docker.compose.service=backend)")
    assert http(f"http://{address}/api/health").status >= 500

    predicted = site("--check", "--tags", "app_compose")
    assert predicted.status == 0, predicted.output
    assert predicted.total("changed") >= 1, predicted.output

    run = site("--tags", "app_compose")
    assert run.status == 0, run.output
    assert http(f"http://{address}/api/health").status == 200
