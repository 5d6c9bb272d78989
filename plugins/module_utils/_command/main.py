# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command izzzi, on a host: what a person does there with an app, whatever runs it. A subcommand is a function with
its arguments; TABLE has them all."""

# pylint: disable=ansible-bad-function  # a program of a host, not a module: it prints, and ends by itself
from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import platform
import select
import signal
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from .._app import history
from .._app.clients import psql, redis_cli
from .._app.lock import LeaseError
from .._app.logs import asked, shown
from .._app.program import CommandError
from .._secrets.mask import mask
from .follow import follow
from .jobs import DEEDS, jobs
from .jobs import USAGE as JOBS
from .settings import App, CommandFailed, choose

REST = argparse.REMAINDER
Options = argparse.Namespace
Lines = Sequence[str]


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong, and how it is called."""

    def error(self, message: str) -> NoReturn:
        usage = " ".join(self.format_usage().split()).removeprefix("usage: ")
        self.exit(2, f"{self.prog}: {message}. Usage: {usage}\n")


def ps(runner: Any, options: Options) -> Lines:
    return runner.ps()


def status(runner: Any, options: Options) -> Lines:
    return runner.act("info")["status"]


def releases(runner: Any, options: Options) -> Lines:
    return runner.act("info")["listed"]


def told_history(runner: Any, options: Options) -> Lines:
    app = runner.app
    lines = history.recent(app.app, options.lines)
    return [mask(history.text(one), app.hidden) for one in lines] or ["Nothing was changed yet."]


def logs(runner: Any, options: Options) -> Lines:
    wanted = asked(vars(options), time.time())
    if options.follow:
        lines = follow(lambda: runner.sources(wanted, "--follow"), nobody_reads)
        for text in shown(lines, wanted.grep, runner.app.hidden):
            print(text, flush=True)
        return []
    given = {"since": options.since, "grep": options.grep, "lines": options.lines}
    texts = [runner.act("logs", service=name, **given)["logs"] for name in options.services or [""]]
    return sorted(line for text in texts for line in text.splitlines())


def nobody_reads() -> bool:
    """Tell whether the other end is gone, as when ssh without a terminal is interrupted: no signal comes then."""
    output = select.poll()
    output.register(sys.stdout.fileno(), 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _file, event in output.poll(0))


def change(runner: Any, options: Options) -> Lines:
    """Restart, stop or start. It goes on when the terminal goes away: half of it would be worse."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return runner.act(options.subcommand, service=getattr(options, "service", "") or "")["events"]


def execute(runner: Any, options: Options) -> Lines:
    command = options.command[1:] if options.command[:1] == ["--"] else options.command
    if not command:
        raise CommandFailed("The command is missing. Usage: izzzi exec SERVICE -- COMMAND")
    return enter(runner, options.service, runner.inside(command))


def enter_database(runner: Any, options: Options) -> Lines:
    if not (database := runner.app.database):
        raise CommandFailed("This app declares no database (app_database).")
    return enter(runner, database["service"], psql(database, options.rest))


def enter_redis(runner: Any, options: Options) -> Lines:
    if not (redis := runner.app.redis):
        raise CommandFailed("This app declares no Redis (app_redis).")
    return enter(runner, redis["service"], redis_cli(options.rest))


def enter(runner: Any, service: str, command: Sequence[str]) -> Lines:
    """Become `docker exec`, with a terminal where there is one."""
    terminal = ["--tty"] if sys.stdin.isatty() and sys.stdout.isatty() else []
    words = ["docker", "exec", "--interactive", *terminal, runner.container(service), *command]
    os.execvp(words[0], words)


def argument(*names: str, **options: Any) -> tuple[tuple[str, ...], dict[str, Any]]:
    return names, options


SERVICE = argument("service", metavar="SERVICE", nargs="?", help="one service; by default the whole app")
# They take whatever their program does.
CLIENTS = {"psql": "izzzi psql [ARGUMENT ...]", "redis": "izzzi redis [ARGUMENT ...]"}
USAGES = {**CLIENTS, "exec": "izzzi exec SERVICE -- COMMAND", "jobs": JOBS}
TABLE: dict[str, tuple[Callable[[Any, Options], Lines], str, list]] = {
    "ps": (ps, "what runs", []),
    "logs": (
        logs,
        "what containers wrote, in the order of time, without secrets",
        [
            argument("-f", "--follow", action="store_true", help="go on until Ctrl-C"),
            argument("-n", "--lines", type=int, metavar="NUMBER", help="the last lines of each container; 0 for all"),
            argument("--since", default="", metavar="TIME", help="10m, 1h30m, 2d or 2026-11-28T04:31:00"),
            argument("--grep", default="", metavar="PATTERN", help="a regular expression"),
            argument("services", metavar="SERVICE", nargs="*", help="by default all"),
        ],
    ),
    "restart": (change, "new containers of the live release; no request is lost where that can be avoided", [SERVICE]),
    "stop": (change, "stop all of it; data stays, and visitors get a page", []),
    "start": (change, "bring the same release back", []),
    "psql": (enter_database, "PostgreSQL's client, as the database's owner", []),
    "redis": (enter_redis, "Redis' client", []),
    "exec": (
        execute,
        "a command in a container that runs",
        [argument("service", metavar="SERVICE"), argument("command", metavar="-- COMMAND", nargs=REST)],
    ),
    "jobs": (
        jobs,
        "the app's jobs with their last and next runs; `jobs run NAME` runs one now",
        [
            argument("deed", metavar="run", nargs="?", choices=[*DEEDS], help="run one now"),
            argument("name", metavar="NAME", nargs="?", default="", help="which"),
            argument("id", nargs="?", default="", help=argparse.SUPPRESS),
            argument("--format", choices=["text", "json"], default="text", help="for people, or for programs"),
            argument("--check", action="store_true", help=argparse.SUPPRESS),
        ],
    ),
    "releases": (releases, "the releases that are kept", []),
    "history": (
        told_history,
        "who has changed what, and when",
        [argument("-n", "--lines", type=int, default=history.SHOWN, metavar="NUMBER", help="the last ones; 20")],
    ),
    "status": (status, "one screen", []),
}


def parser() -> Parser:
    """Return what reads the command line."""
    found = Parser(prog="izzzi", description="An app on this host.")
    found.add_argument("-a", "--app", default="", metavar="APP", help="which, where there are several")
    added = found.add_subparsers(dest="subcommand", metavar="COMMAND", required=True, parser_class=Parser)
    for name, (function, told, arguments) in TABLE.items():
        one = added.add_parser(name, help=told, description=told, usage=USAGES.get(name), add_help=name not in CLIENTS)
        one.set_defaults(function=function)
        for names, options in arguments:
            one.add_argument(*names, **options)
    return found


def read(arguments: Sequence[str] | None) -> Options:
    """Return what was typed. What a client's own program is to read is `rest`."""
    reader = parser()
    options, rest = reader.parse_known_args(arguments)
    if rest and options.subcommand not in CLIENTS:
        reader.error(f"unrecognized arguments: {' '.join(rest)}")
    options.rest = rest
    return options


def runner_of(app: App) -> Any:
    """Return who runs the app. Its code is on hosts with such an app alone."""
    module = importlib.import_module(f".{app.runner}", __package__)
    return module.Runner(app, f"{os.environ.get('SUDO_USER') or 'root'}@{platform.node()}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 0, or 1 with a message on standard error."""
    options = read(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(1))  # programs that were started end, too
    hidden: Sequence[str] = ()
    try:
        app = choose(options.app)
        hidden = app.hidden
        for line in options.function(runner_of(app), options) or []:
            print(line)
    except (CommandFailed, CommandError, LeaseError, ValueError, OSError) as error:
        return failed(error, hidden)
    except KeyboardInterrupt:
        return 130
    return 0


def failed(error: Exception, hidden: Sequence[str]) -> int:
    if isinstance(error, BrokenPipeError):  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    with contextlib.suppress(BrokenPipeError):
        print(mask(str(error), hidden), file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
