# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes README.md of an environment: what is left to do, in order. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .arguments import Wish
from .model import App

_FENCE = "```"
_LOOK = {
    False: "Look, and then make it:",
    True: "Look, and carry it out: the first plan gives tags and attaches by them. What runs there already is taken"
    " over (docs/from-terraform.md) before `site` sets up hosts and app:",
}


def readme_text(app: App, wish: Wish, into: str) -> str:
    """Return the text of the file. `into` is how people name the folder."""
    name = f"{wish.project}-{wish.environment}"
    whose = "the account and the app's files" if wish.adopt else "the app's files"
    lines = [
        *(
            f"# {name}",
            "",
            "Written by `izzzi.infra.init`. From here on the files are yours: nothing writes them again, but",
        ),
        "`group_vars/all/vault.yml`, which the first run makes.",
        *("", "| File | What it says |", "|---|---|"),
        "| `group_vars/all/environment.yml` | what exists in the cloud |",
        "| `group_vars/all/app.yml` | what runs |",
        "| `digitalocean.yml`, `hosts.yaml` | how Ansible finds the droplets |",
        *("", "## Next steps", ""),
        *_steps(app, wish, into),
        *("", "From a checkout of the collection `playbooks/plan.yml` stands for `izzzi.infra.plan`, and so on."),
        *_told("Not known", "Marked as `# TODO` in the files, where they are about one line.", app.notes.todo),
        *_told("Assumed", f"Look at these once: {whose} suggest them, and do not say them.", app.notes.assumed),
        *_told("Found", "", app.notes.found),
    ]
    return "\n".join(lines) + "\n"


def _steps(app: App, wish: Wish, into: str) -> Iterator[str]:
    run = f"ansible-playbook -i {into}"
    password = f"~/.config/{wish.project}-{wish.environment}-vault-password"
    token = "Make an API token of DigitalOcean and a password for the vault, which this environment alone has:"
    commands = (
        "export DIGITALOCEAN_TOKEN=dop_v1_...",
        f"(umask 077; mkdir -p ~/.config; openssl rand -base64 32 > {password})",
        f"export ANSIBLE_VAULT_PASSWORD_FILE={password}",
    )
    first = "Go through the lines with TODO: `provision_allowed_ssh_ips` at least, with your own address."
    if wish.adopt:
        first = "Go through what is not known and what is assumed, below: the account has it so, or nobody can tell."
    steps = [
        [first],
        [token, *_console(*commands)],
    ]
    if app.variables.yours:
        vault = ", ".join(f"`{name}`" for name in app.variables.yours.values())
        create = f"ansible-vault create {into}/group_vars/all/vault.yml"
        steps.append(
            [f'Put what others gave you into the vault ({vault}), a line `name: "value"` each:', *_console(create)]
        )
    verbs = ("plan", "provision", "site") if wish.adopt else ("plan", "site")
    steps.append([_LOOK[wish.adopt], *_console(*(f"{run} izzzi.infra.{verb}" for verb in verbs))])
    if wish.domain:
        steps.append(_https(wish))
    steps.append([f"Commit this folder with `vault.yml`, which is encrypted. Then: `{run} izzzi.infra.status`."])
    for number, (first, *rest) in enumerate(steps, 1):
        yield f"{number}. {first}"
        yield from rest


def _https(wish: Wish) -> list[str]:
    first = f"At the registrar of {wish.domain}, name ns1, ns2 and ns3.digitalocean.com as its name servers."
    if wish.zone:
        first = f"{wish.zone} is the domain of another environment, too."
    if wish.adopt:
        first = f"{wish.domain} leads to the account's droplets already."
    return [
        f"{first} Once",
        f"   `dig +short {wish.domain}` answers with the droplet's address, take the `#` from `server_names`, `tls`",
        "   and `nginx_acme_email` in `app.yml`, and run `izzzi.infra.site` again: the app is at https.",
    ]


def _console(*commands: str) -> list[str]:
    return ["", f"   {_FENCE}console", *(f"   $ {command}" for command in commands), f"   {_FENCE}", ""]


def _told(title: str, sentence: str, rows: Iterable[str]) -> list[str]:
    found = [f"- {row}." for row in rows]
    return ["", f"## {title}", "", *([sentence, ""] if sentence else []), *found] if found else []
