# SPDX-License-Identifier: GPL-3.0-or-later
"""The command `izzzi-sandbox`."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from .account.catalogue import IMAGES
from .account.cloud import Cloud, open_backend
from .daemon import credentials, preflight, process
from .daemon.settings import Settings, SettingsError, load
from .droplets.backend import BackendError

app = typer.Typer(no_args_is_help=True, add_completion=False, help="A local DigitalOcean.")
LOGINS = ("root", "deploy")  # as on DigitalOcean; later the road's own user, when root may no longer log in
FAILURES = (SettingsError, preflight.PreflightError, process.ProcessError, BackendError)


def main() -> None:
    try:
        app()
    except FAILURES as error:
        sys.exit(f"izzzi-sandbox: {error}")


@contextmanager
def _home() -> Iterator[Settings]:
    settings = load()
    credentials.make_home(settings)
    with process.exclusive(settings):
        credentials.ensure(settings)
        yield settings


@app.command()
def up() -> None:
    """Start the sandbox, or bring a running one up to date. Builds what is missing."""
    with _home() as settings:
        if settings.backend == "docker":
            preflight.check_docker()
        preflight.check_ports(settings)
        _ensure_images(settings)
        pid = process.running_pid(settings)
        answer = process.health(settings.http_url) if pid else None
        if answer and answer["pid"] == pid and answer["fingerprint"] == process.fingerprint(settings):
            typer.echo(f"sandbox: running since before ({settings.http_url})")
            return
        if pid:
            typer.echo("sandbox: code or settings changed, replacing the daemon")
            process.stop(settings)
        typer.echo("sandbox: starting the daemon")
        process.start(settings)
        typer.echo(f"sandbox: up. API {settings.http_url} and {settings.tls_url}, Spaces {settings.spaces_url}")
        typer.echo(f"sandbox: its DNS server answers at {settings.dns_address}")
        typer.echo('sandbox: eval "$(izzzi-sandbox env)" points DigitalOcean clients at it')


@app.command()
def images(
    slugs: Annotated[
        list[str] | None, typer.Argument(help="Also for droplets of these, like debian-12-x64, and postgres:15.")
    ] = None,
) -> None:
    """Build or pull the images that droplets need."""
    from .images.public import OLDER

    known = [*IMAGES, *OLDER]
    if unknown := set(slugs or []) - set(known):
        raise typer.BadParameter(f"no image {', '.join(unknown)}; there are {', '.join(known)}")
    with _home() as settings:
        if settings.backend == "docker":
            preflight.check_docker()
        _ensure_images(settings, slugs or [])


def _ensure_images(settings: Settings, slugs: Sequence[str] = ()) -> None:
    if settings.backend == "docker":
        from .images import ensure_images

        ensure_images(settings, log=typer.echo, slugs=slugs)


@app.command()
def down(
    purge: Annotated[bool, typer.Option("--purge", help="Also remove droplets, networks, images and state.")] = False,
) -> None:
    """Power the droplets off and stop the sandbox. Its state is kept."""
    settings = load()
    if settings.home.exists():
        with process.exclusive(settings):
            _stop(settings, suspend=not purge)
    if purge:
        _purge(settings)
    typer.echo(f"sandbox: {'removed' if purge else 'down'}")


def _stop(settings: Settings, suspend: bool) -> None:
    if process.running_pid(settings):
        if suspend:
            process.call(settings, "POST", "suspend")
        process.stop(settings)
    elif suspend and settings.backend == "docker" and settings.database.exists():
        preflight.check_docker()
        _offline(settings).suspend()  # the daemon died, but its droplets may run


def _offline(settings: Settings) -> Cloud:
    return Cloud(settings, open_backend(settings))


def _purge(settings: Settings) -> None:
    if settings.backend == "docker":
        preflight.check_docker()
        from .droplets.docker import purge

        purge(settings)
    for path in settings.files:
        path.unlink(missing_ok=True)
    if settings.home.exists() and not any(settings.home.iterdir()):
        settings.home.rmdir()


@app.command()
def reset(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> None:
    """Delete every resource of the account, droplets with their data. Images, the token and the SSH key stay."""
    if not yes and not sys.stdin.isatty():
        raise process.ProcessError("reset deletes every droplet with its data; without a terminal say so with --yes")
    if not yes:
        typer.confirm("Delete every droplet, network, firewall and key of the sandbox?", abort=True)
    with _home() as settings:
        if process.running_pid(settings):
            process.call(settings, "POST", "reset")
        else:
            if settings.backend == "docker":
                preflight.check_docker()
            _offline(settings).reset()
    typer.echo("sandbox: the account is empty")


@app.command()
def status() -> None:
    """What runs, and what the account holds. Exit status 1 when the daemon does not run."""
    settings = load()
    if not process.running_pid(settings):
        typer.echo(f"sandbox: not running (home {settings.home}); start it: izzzi-sandbox up")
        raise typer.Exit(1)
    summary = process.call(settings, "GET", "summary")
    typer.echo(f"api       {settings.http_url}  {settings.tls_url}")
    typer.echo(f"spaces    {settings.spaces_url}")
    typer.echo(f"dns       {'  '.join(summary['dns'])}")
    typer.echo(f"home      {settings.home} (backend {settings.backend})")
    for noun in ("vpcs", "firewalls", "domains", "buckets", "ssh_keys", "tags"):
        typer.echo(f"{noun:<9} {', '.join(summary[noun]) or '-'}")
    for droplet in summary["droplets"]:
        typer.echo(
            f"droplet   {droplet['name']}  {droplet['status']}  {droplet['public_ip']}  {droplet['private_ip']}  "
            f"{droplet['size']}  {droplet['image']}  {droplet['region']}"
        )
    for failure in summary["failures"]:
        typer.echo(f"failed    {failure}")


@app.command()
def fault(
    definition: Annotated[str | None, typer.Argument(help='JSON, such as {"kind": "status", "status": 503}.')] = None,
    clear: Annotated[bool, typer.Option("--clear", help="Remove all faults.")] = False,
) -> None:
    """Arm a fault; without one, list those that are armed. docs/sandbox.md tells the kinds and what they take."""
    settings = _running()
    if clear:
        process.call(settings, "DELETE", "faults")
    if definition is not None:
        process.call(settings, "POST", "faults", body=definition.encode())
    for row in process.call(settings, "GET", "faults")["faults"]:
        typer.echo(json.dumps(row))


@app.command()
def requests(
    writes: Annotated[bool, typer.Option("--writes", help="Only those that may change something.")] = False,
) -> None:
    """What clients asked of the API and of Spaces, oldest first, without their secrets."""
    for row in process.call(_running(), "GET", f"requests?writes={str(writes).lower()}")["requests"]:
        note = f"  [{row['fault']}]" if row["fault"] else ""
        typer.echo(f"{row['time']}  {row['status']:>3}  {row['method']:<6} {row['path']}  {row['body']}{note}")


def _running() -> Settings:
    settings = load()
    if not process.running_pid(settings):
        raise process.ProcessError("not running; start it: izzzi-sandbox up")
    return settings


@app.command()
def env() -> None:
    """Shell lines that point DigitalOcean clients at the sandbox: eval "$(izzzi-sandbox env)"."""
    with _home() as settings:
        for name, value in environment(settings).items():
            typer.echo(f"export {name}={shlex.quote(value)}")
    if not process.running_pid(settings):
        typer.echo("izzzi-sandbox: not running; start it: izzzi-sandbox up", err=True)


def environment(settings: Settings) -> dict[str, str]:
    """The names of DigitalOcean's Terraform provider and doctl, and the CA for clients that insist on TLS. The CA is
    not exported as SSL_CERT_FILE: that would make every other TLS connection of the shell fail."""
    key = credentials.spaces_key(settings)
    token = credentials.token(settings)
    return {
        "DIGITALOCEAN_API_URL": settings.http_url,
        "DIGITALOCEAN_TLS_API_URL": settings.tls_url,
        "DIGITALOCEAN_TOKEN": token,
        "DIGITALOCEAN_ACCESS_TOKEN": token,
        "SPACES_ENDPOINT_URL": settings.spaces_url,
        "SPACES_ACCESS_KEY_ID": key.id,
        "SPACES_SECRET_ACCESS_KEY": key.secret,
        "IZZZI_SANDBOX_DNS": settings.dns_address,
        "IZZZI_SANDBOX_CA": str(settings.ca_file),
        "IZZZI_SANDBOX_SSH_KEY": str(settings.ssh_key_file),
    }


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def ssh(
    name: str,
    command: Annotated[list[str] | None, typer.Argument(help="What to run instead of a shell.")] = None,
    user: Annotated[
        str | None, typer.Option("--user", "-l", help="Default: root, or deploy if root is refused.")
    ] = None,
) -> None:
    """Log in to a droplet with the sandbox's SSH key."""
    settings = load()
    droplet = _droplet(name)
    if not shutil.which("ssh"):
        raise process.ProcessError("ssh is not installed (Debian: apt install openssh-client)")
    options = ["-i", str(settings.ssh_key_file), "-o", "IdentitiesOnly=yes", "-o", "LogLevel=ERROR"]
    # A new droplet may have the address of an old one, and the network is this machine's own.
    options += ["-o", "UserKnownHostsFile=/dev/null", "-o", "StrictHostKeyChecking=no"]
    login = user or _login(options, droplet["public_ip"])
    arguments = ["ssh", *options, f"{login}@{droplet['public_ip']}", *(command or [])]
    os.execvp("ssh", arguments)


def _login(options: list[str], address: str) -> str:
    for login in LOGINS:
        probe = ["ssh", *options, "-o", "BatchMode=yes", "-o", "ConnectTimeout=5", f"{login}@{address}", "true"]
        if subprocess.run(probe, stdin=subprocess.DEVNULL, capture_output=True).returncode == 0:
            return login
    raise process.ProcessError(
        f"{address} accepts the sandbox's key neither for {' nor for '.join(LOGINS)}: was the droplet created with it "
        "(ssh_keys), and does a firewall allow port 22 from this machine?"
    )


@app.command()
def logs(name: str) -> None:
    """The journal of a droplet, or what its console last showed when it is off."""
    settings = load()
    droplet = _droplet(name)
    if settings.backend != "docker":
        raise process.ProcessError(f"droplets of the {settings.backend} backend have no logs")
    container = f"izzzi-sandbox-droplet-{droplet['id']}"
    if droplet["status"] == "active":
        os.execvp("docker", ["docker", "exec", container, "journalctl", "--no-pager", "--boot"])
    os.execvp("docker", ["docker", "logs", container])


def _droplet(name: str) -> dict[str, Any]:
    droplets = process.call(_running(), "GET", "summary")["droplets"]
    matches = [droplet for droplet in droplets if name in (droplet["name"], str(droplet["id"]))]
    if len(matches) != 1:
        names = ", ".join(f"{droplet['name']} ({droplet['id']})" for droplet in droplets) or "none"
        problem = "no droplet is" if not matches else f"{len(matches)} droplets are"
        raise process.ProcessError(f"{problem} called {name!r}. Droplets: {names}")
    return matches[0]
