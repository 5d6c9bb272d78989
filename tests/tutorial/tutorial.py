# SPDX-License-Identifier: GPL-3.0-or-later
"""Types the tutorial's commands into a shell whose home is an empty folder, against the sandbox, and writes the page of
what came: docs/tutorial.md. With --check it compares, and writes nothing."""

from __future__ import annotations

import argparse
import difflib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ansible_mitogen
import mitogen

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.e2e.driver import BIN, ROOT, SANDBOX_HOME, cloud
from tests.tutorial import galaxy
from tests.tutorial.page import Command, comparable, parse, shown

TEMPLATE = Path(__file__).with_name("template.md")
PAGE = ROOT / "docs/tutorial.md"
APP = ROOT / "tests/strangers/apps/page"
PROJECT = "corner"
END = "## 6."  # where what was made is taken away
PROMISED = 15 * 60  # seconds until the app answers
MARK = "the command ended with"
NOT_THEIRS = re.compile(r"ANSIBLE_|IZZZI_|DIGITALOCEAN_|SPACES_|VIRTUAL_ENV|PYTHON")
# ssh does not ask HOME where its files are, neither for its settings nor for what begins with a tilde.
SSH = """\
for word; do
    shift
    case $word in *"=~/"*) word=${{word%%=*}}=$HOME/${{word#*=~/}} ;; esac
    set -- "$@" "$word"
done
exec {ssh} -F "$HOME/.ssh/config" "$@"
"""
PROGRAMS = {
    "ssh": SSH,
    "sftp": 'exec {sftp} -S "$(dirname "$0")/ssh" "$@"',
    "scp": 'exec {scp} -S "$(dirname "$0")/ssh" "$@"',
    "izzzi-sandbox": 'exec {izzzi-sandbox} "$@"',
}
SSH_CONFIG = "IdentityFile {home}/.ssh/id_ed25519\nUserKnownHostsFile {home}/.ssh/known_hosts\n"


class Failed(Exception):
    """A command failed, or answered something else than the page says."""


class Shell:
    """A shell into which commands are typed, one after the other, and whose answers are read."""

    def __init__(self, folder: Path, environment: dict[str, str], commands: Path):
        self.commands, self.count = commands, 0
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def type(self, command: str) -> str:
        """Return the answer. Raise Failed where the command does."""
        self.count += 1
        file = self.commands / f"{self.count}.sh"
        file.write_text(f"{command}\n")
        self.process.stdin.write(f'. {file} </dev/null; echo "{MARK} $?"\n')
        self.process.stdin.flush()
        answer = ""
        for line in self.process.stdout:
            before, is_end, status = line.partition(MARK)
            answer += before
            if not is_end:
                continue
            if status.strip() != "0":
                raise Failed(f"$ {command}\n{answer}\n{MARK}{status}")
            return answer
        raise Failed(f"$ {command}\n{answer}\nThe shell has ended.")

    def end(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=30)
        self.process.stdout.close()


class Tutorial:
    """Somebody with a home that is empty but for the artifact and an app, who follows the page."""

    def __init__(self, home: Path, galaxy_url: str, quickly: bool = False):
        """`quickly`: by the strategy that a checkout has, which the page does not show."""
        self.home, self.folder = home, home / "shop"
        self.text, self.address = "", ""
        self.seconds = 0.0  # until the app answered
        programs = home.parent / "bin"
        for place in (programs, home / ".ssh", self.folder):
            place.mkdir(mode=0o700, parents=True)
        paths = {name: shutil.which(name) for name in PROGRAMS} | {"izzzi-sandbox": BIN / "izzzi-sandbox"}
        for name, text in PROGRAMS.items():
            (programs / name).write_text(f"#!/bin/sh\n{text.format(**paths)}\n")
            (programs / name).chmod(0o755)
        (home / ".ssh/config").write_text(SSH_CONFIG.format(home=home))
        shutil.copytree(APP, self.folder / "page")
        collect = [BIN / "ansible-galaxy", "collection", "build", "--output-path", self.folder]
        subprocess.run(collect, cwd=ROOT, check=True, capture_output=True)
        self.parts = list(parse(TEMPLATE.read_text()))
        environment = self._environment(programs, galaxy_url) | (self._strategy() if quickly else {})
        self.shell = Shell(self.folder, environment, home.parent)
        self.begun = time.monotonic()

    def _environment(self, programs: Path, galaxy_url: str) -> dict[str, str]:
        places = [place for place in os.environ["PATH"].split(":") if not place.startswith(str(BIN))]
        kept = {name: value for name, value in os.environ.items() if not NOT_THEIRS.match(name)}
        return kept | {
            "HOME": str(self.home),
            "PATH": ":".join([str(programs), *places]),
            "IZZZI_SANDBOX_HOME": str(SANDBOX_HOME),
            "ANSIBLE_GALAXY_SERVER": galaxy_url,
            "ANSIBLE_NOCOLOR": "1",
            "COLUMNS": "120",
            "USER": "you",
        }

    def _strategy(self) -> dict[str, str]:
        """Return the variables of mitogen's strategy, in a folder that has nothing else of the checkout's packages."""
        place = self.home.parent / "strategy"
        place.mkdir()
        for package in (ansible_mitogen, mitogen):
            (place / package.__name__).symlink_to(next(iter(package.__path__)))
        plugins = str(place / "ansible_mitogen/plugins/strategy")
        return {"ANSIBLE_STRATEGY": "mitogen_linear", "ANSIBLE_STRATEGY_PLUGINS": plugins}

    def follow(self, until: str | None = None) -> str:
        """Type what comes next, up to a heading, and return the page's part that came of it."""
        before = len(self.text)
        while self.parts and not (until and isinstance(self.parts[0], str) and self.parts[0].startswith(until)):
            part = self.parts.pop(0)
            self.text += self._do(part) if isinstance(part, Command) else part
        return self.text[before:]

    def _do(self, command: Command) -> str:
        print(f"$ {command.lines[0]}", file=sys.stderr, flush=True)
        answer = self.shell.type(command.text.replace("ADDRESS", self.address))
        if command.lines[0].startswith("curl "):
            self.seconds = time.monotonic() - self.begun
        self.address = (re.findall(r"^App +http://([\d.]+)/", answer, re.MULTILINE) or [self.address])[-1]
        typed = command.typed().replace("ADDRESS", self.address)
        return shown(f"{typed}\n{command.kept(answer)}", str(self.home))


def difference(made: str, is_end: bool | None = None) -> str:
    """Return how a page, or one of its parts, differs from docs/tutorial.md but for seconds; empty if it does not."""
    kept = PAGE.read_text()
    head, heading, tail = kept.partition(f"{END} ")
    kept = {None: kept, False: head, True: heading + tail}[is_end]
    pair = [comparable(text).splitlines(keepends=True) for text in (kept, made)]
    return "".join(difflib.unified_diff(*pair, "docs/tutorial.md", "what came of its commands"))


def destroy_what_is_left() -> None:
    """Remove what an earlier run left that was killed, or this one that failed, and its SSH key, which always stays."""
    wanted = {"project": PROJECT, "environment": "dev", "region": "fra1", "vpc": {"ip_range": "10.22.0.0/16"}}
    wanted |= {"api_url": "http://127.0.0.1:8780", "state": "absent"}
    token = {"DIGITALOCEAN_TOKEN": (SANDBOX_HOME / "token").read_text().strip()}
    command = [
        BIN / "ansible",
        "-i",
        "localhost,",
        "localhost",
        "-m",
        "izzzi.infra.environment",
        "-a",
        json.dumps(wanted),
    ]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **token}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(done.stdout + done.stderr)
    for key in cloud("/account/keys?per_page=200")["ssh_keys"]:
        if key["name"] == f"{PROJECT}-deploy-key":
            cloud(f"/account/keys/{key['id']}", "DELETE")


@contextmanager
def beginning(place: Path, quickly: bool = False) -> Iterator[Tutorial]:
    destroy_what_is_left()
    with galaxy.serving() as url:
        tutorial = Tutorial(place / "home", url, quickly)
        try:
            yield tutorial
        finally:
            tutorial.shell.end()
            destroy_what_is_left()


def main() -> str | None:
    parser = argparse.ArgumentParser(description="Follow the tutorial, and write docs/tutorial.md of what came of it.")
    parser.add_argument("--check", action="store_true", help="compare it, and write nothing")
    check = parser.parse_args().check
    with tempfile.TemporaryDirectory(prefix="tutorial-") as place, beginning(Path(place)) as tutorial:
        try:
            made = tutorial.follow()
        except (Failed, ValueError) as error:
            return f"tutorial: {error}"
    print(f"The app answered after {tutorial.seconds:.0f} s.")
    differs = difference(made) if PAGE.exists() else "docs/tutorial.md is not there."
    if check and differs:
        return f"{differs}\ntutorial: what its commands answer has changed. Read it, then write it anew: make tutorial"
    if differs:
        PAGE.write_text(made)
        print("docs/tutorial.md is written anew.")
    is_kept = tutorial.seconds < PROMISED
    return None if is_kept else f"tutorial: the page promises an answer within {PROMISED // 60} minutes."


if __name__ == "__main__":
    sys.exit(main())
