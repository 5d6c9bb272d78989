# SPDX-License-Identifier: GPL-3.0-or-later
"""A runner of CI, as examples/ci has it: a container without a home directory, with three secrets in its environment,
and an address that the droplet lets nobody in from."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.e2e.driver import ROOT, SANDBOX_HOME, cloud, droplet_address, on_droplet, run_playbook

IMAGE = "izzzi-sandbox/debian-13-x64:latest"
RUNNER = "izzzi-sandbox-runner"
API, SPACES = "8780", "8782"  # on this machine's loopback address, and for the runner on its own
FORWARD = ROOT / "tests/e2e/forward.py"
CA = Path("/etc/ssl/certs/ca-certificates.crt")
LEFT_OUT = (
    "sandbox_home",
    "provision_known_hosts",
    "provision_ssh_private_key_file",
    "ansible_ssh_private_key_file",
    "app_secrets_file",
)


def write_inventory(folder: Path) -> None:
    """The sandbox's environment as a team would commit it: host keys pinned, secrets in the vault."""
    shutil.copytree(ROOT / "inventories/sandbox", folder)
    variables = folder / "group_vars/all"
    declared = yaml.safe_load((variables / "sandbox.yml").read_text())
    for name in LEFT_OUT:
        del declared[name]
    declared["provision_api_token"] = "{{ lookup('ansible.builtin.env', 'DIGITALOCEAN_TOKEN') }}"
    declared["provision_spaces_access_key_id"] = "{{ vault_spaces_id }}"
    declared["provision_spaces_secret_access_key"] = "{{ vault_spaces_secret }}"
    (variables / "sandbox.yml").write_text(yaml.safe_dump(declared))
    shutil.copy(SANDBOX_HOME / "known_hosts", folder / "known_hosts.txt")
    key = (SANDBOX_HOME / "id_ed25519.pub").read_text().strip()
    environment = yaml.safe_load((variables / "environment.yml").read_text())
    environment["provision_ssh_keys"] = [{"name": "izzzi-deploy-key", "public_key": key}]
    (variables / "environment.yml").write_text(yaml.safe_dump(environment))
    source = yaml.safe_load((folder / "digitalocean.yml").read_text())
    source["oauth_token"] = "{{ lookup('ansible.builtin.env', 'DIGITALOCEAN_TOKEN') }}"
    (folder / "digitalocean.yml").write_text(yaml.safe_dump(source))
    shutil.copy(SANDBOX_HOME / "vault.yml", variables / "vault.yml")
    id, secret = (SANDBOX_HOME / "spaces_key").read_text().split()
    keys = variables / "spaces.yml"
    keys.write_text(yaml.safe_dump({"vault_spaces_id": id, "vault_spaces_secret": secret}))
    subprocess.run([ROOT / ".venv/bin/ansible-vault", "encrypt", keys], cwd=ROOT, check=True, capture_output=True)


def docker(*arguments: str, **options) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *arguments], text=True, capture_output=True, **{"check": True, **options})


def in_runner(*command: str) -> list[str]:
    """Runs with the three secrets and nothing else."""
    password = Path("~/.config/izzzi/vault-password").expanduser().read_text().strip()
    secrets = {
        "DIGITALOCEAN_TOKEN": (SANDBOX_HOME / "token").read_text().strip(),
        "VAULT_PASSWORD": password,
        "SSH_PRIVATE_KEY": (SANDBOX_HOME / "id_ed25519").read_text(),
    }
    given = [f"{name}={value}" for name, value in secrets.items()]
    return ["docker", "exec", RUNNER, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *given, *command]


def checkout() -> bytes:
    """The files of this checkout, as a clone would have them."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    ).stdout
    there = b"\0".join(name for name in listed.split(b"\0") if name and (ROOT / name.decode()).exists())
    return subprocess.run(
        ["tar", "--create", "--null", "--no-recursion", "--files-from=-"],
        cwd=ROOT,
        input=there,
        capture_output=True,
        check=True,
    ).stdout


def begin() -> None:
    docker("rm", "--force", RUNNER, check=False)
    ca = ["--volume", f"{CA}:{CA}:ro"]
    name = ["--name", RUNNER, "--label", "izzzi.sandbox=1"]
    docker("run", "--detach", *name, "--network", "izzzi-sandbox-public", *ca, "--entrypoint", "sleep", IMAGE, "1800")


@pytest.fixture(scope="module")
def runner(tmp_path_factory) -> Iterator[str]:
    """A runner with the checkout; gives its name."""
    inventory = tmp_path_factory.mktemp("ci") / "inventory"
    write_inventory(inventory)
    # What pip needs behind a proxy with a CA of its own is a property of the machine, as the CA itself.
    pip = f"printf '[global]\\ncert = {CA}\\n' > /etc/pip.conf"
    forward = subprocess.Popen([sys.executable, FORWARD, "198.51.100.1", "127.0.0.1", API, SPACES])
    try:
        begin()
        docker("exec", RUNNER, "sh", "-c", f"rm -rf /root && mkdir /repository && {pip}")
        unpack = [
            "docker",
            "exec",
            "--interactive",
            RUNNER,
            "tar",
            "--extract",
            "--no-same-owner",
            "--directory=/repository",
        ]
        subprocess.run(unpack, input=checkout(), check=True)
        docker("cp", str(inventory), f"{RUNNER}:/repository/inventories/ci")
        docker("cp", str(FORWARD), f"{RUNNER}:/forward.py")
        docker("exec", "--detach", RUNNER, "python3", "/forward.py", "127.0.0.1", "198.51.100.1", API, SPACES)
        yield RUNNER
    finally:
        docker("rm", "--force", RUNNER, check=False)
        forward.terminate()
        forward.wait()


def ssh_answers() -> bool:
    """Whether the droplet's port 22 answers the runner."""
    look = f"import socket; socket.create_connection(('{droplet_address()}', 22), 2)"
    return docker("exec", RUNNER, "python3", "-c", look, check=False).returncode == 0


def doors() -> list[str]:
    return [row["name"] for row in cloud("/firewalls?per_page=200")["firewalls"] if "-door-" in row["name"]]


def door_tags() -> list[str]:
    return [row["name"] for row in cloud("/tags?per_page=200")["tags"] if row["name"].startswith("izzzi-door:")]


def test_a_deploy_from_an_empty_container(runner, artifacts):
    assert not ssh_answers(), "the droplet must not know the runner"
    run = subprocess.run(
        in_runner("/repository/examples/ci/izzzi-ci", "deploy", "ci"), capture_output=True, text=True, timeout=900
    )
    (artifacts / "ci-deploy.log").write_text(run.stdout + run.stderr)
    assert run.returncode == 0, (run.stdout + run.stderr)[-4000:]
    assert "Unable to parse" not in run.stderr, "nothing beside the inventory is taken for an inventory"
    assert "SSH is open for 198.51.100." in run.stdout
    assert "SSH is closed for 198.51.100." in run.stdout
    assert f"http://{droplet_address()}/" in run.stdout
    assert doors() == door_tags() == []
    assert not ssh_answers()
    look = "ls -A /tmp; ls -d /root; pgrep --runstates D,R,S,T -a ssh-agent"
    left = docker("exec", RUNNER, "sh", "-c", look, check=False).stdout
    assert left == "", "nothing of the run is left"


def test_a_plan_for_a_pull_request_writes_nothing_and_is_kept(runner):
    before = cloud("/droplets?name=izzzi-dev-app")
    run = subprocess.run(
        in_runner("/repository/examples/ci/izzzi-ci", "plan", "ci"), capture_output=True, text=True, timeout=600
    )
    assert run.returncode == 0, (run.stdout + run.stderr)[-4000:]
    plan = docker("exec", RUNNER, "cat", "/repository/plan.txt").stdout
    assert "cost" in plan
    for secret in (SANDBOX_HOME / "token").read_text().split() + (SANDBOX_HOME / "spaces_key").read_text().split():
        assert secret not in run.stdout + run.stderr
    assert cloud("/droplets?name=izzzi-dev-app") == before
    assert doors() == []


def test_a_run_without_a_secret_says_which_and_does_nothing(runner):
    command = in_runner("env", "-u", "VAULT_PASSWORD", "/repository/examples/ci/izzzi-ci", "deploy", "ci")
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert run.returncode != 0
    assert "the secret VAULT_PASSWORD is not set" in run.stderr
    assert doors() == []


def test_a_killed_run_leaves_a_door_that_the_plan_shows_and_the_host_closes(runner):
    command = in_runner("env", "MINUTES=1", "/repository/examples/ci/izzzi-ci", "deploy", "ci")
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as run:
        said = next(line for line in run.stdout if "SSH is open for" in line or "FAILED" in line)
        assert "SSH is open" in said
        begun = time.monotonic()
        while not ssh_answers():
            assert time.monotonic() - begun < 60, "the door does not open"
        # The script, its Ansible and its agent, at once: nobody is left to close anything.
        docker("exec", RUNNER, "pkill", "-KILL", "-f", "izzzi-ci|ansible-playbook|ssh-agent", check=False)
        run.wait(30)
    (door,) = doors()
    planned = run_playbook("playbooks/plan.yml")
    assert planned.status == 0, planned.output[-3000:]
    assert door in planned.output
    assert "SSH is open for 198.51.100." in planned.output
    while ssh_answers():
        assert time.monotonic() - begun < 110, "the host does not close the door"
        time.sleep(1)
    assert doors() == [door], "the cloud's own firewall lets it in; the host closed by itself"
    again = run_playbook("playbooks/plan.yml")
    assert "state: ended " in again.output, again.output[-3000:]
    made = run_playbook("playbooks/site.yml", "--tags", "provision")
    assert made.recap["localhost"]["changed"] == 1, made.output[-3000:]
    assert doors() == door_tags() == []


def test_a_door_without_its_arguments_says_its_usage():
    run = run_playbook("playbooks/ci_door.yml")
    assert run.status
    assert (
        "ci_door.yml: state is missing. Usage: ansible-playbook playbooks/ci_door.yml -e state=open|closed"
        in run.output
    )


def test_a_neighbour_stays_outside_while_a_door_is_open_for_somebody_else(runner):
    opened = run_playbook("playbooks/ci_door.yml", "-e", "state=open", "-e", "address=203.0.113.7", "-e", "minutes=1")
    assert opened.status == 0, opened.output[-3000:]
    try:
        assert not ssh_answers()
        with socket.create_connection((droplet_address(), 22), 5):
            pass  # this machine is declared
    finally:
        closed = run_playbook("playbooks/ci_door.yml", "-e", "state=closed", "-e", "address=all")
    assert closed.status == 0
    assert "SSH is closed for every address that a door was open for." in closed.output
    assert run_playbook("playbooks/ci_door.yml", "-e", "state=closed", "-e", "address=all").total("changed") == 0


def test_without_doors_nothing_of_them_is_left_on_the_host():
    without = run_playbook("playbooks/site.yml", "--tags", "base", "-e", "ci_door_enabled=false")
    assert without.status == 0, without.output[-3000:]
    try:
        look = "ls /usr/local/sbin /etc/systemd/system | grep ssh-door; systemctl is-active izzzi-ssh-door; true"
        assert on_droplet(look).split() == ["inactive"]
        assert "ssh_door" not in on_droplet("sudo nft list table inet izzzi")
    finally:
        again = run_playbook("playbooks/site.yml", "--tags", "base")
    assert again.status == 0, again.output[-3000:]
    assert on_droplet("systemctl is-active izzzi-ssh-door").strip() == "active"
