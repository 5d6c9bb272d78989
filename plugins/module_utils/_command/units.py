# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The timers of an app's jobs on a host, as systemd knows them: what they say, and how they come and go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from .._app.jobs.declared import Job
from .._app.program import CommandError, run
from .._app.systemd import oneshot, timer

UNITS = Path("/etc/systemd/system")
STAMPS = Path("/var/lib/systemd/timers")
PROGRAM = "/usr/local/bin/izzzi"
MANAGED = "# Managed by Ansible, roles izzzi.infra.app_compose and izzzi.infra.swarm_stack (app_jobs)\n"
# Whatever server dies: the others, or itself when it is back, go on with the runs that it had.
TIDY = ("OnBootSec=1min", "OnUnitInactiveSec=1min", "AccuracySec=5s")


def unit(app: str, job: str) -> str:
    """Return a job's unit without its ending. An app's name has no dot, so that no two jobs share one."""
    return f"izzzi-job-{app}.{job}"


def tidy_unit(app: str) -> str:
    return f"izzzi-jobs-{app}"


def texts(app: str, jobs: Mapping[str, Job]) -> dict[str, str]:
    """Return the units of an app's jobs, by the names of their files. Pure."""
    found, program = {}, f"{PROGRAM} -a {app} jobs"
    for name, job in jobs.items():
        what, persistent = f"Job {name} of {app}", f"Persistent={str(job.catch_up).lower()}"
        found[f"{unit(app, name)}.timer"] = timer(what, f"OnCalendar={job.on_calendar}", "AccuracySec=1s", persistent)
        found[f"{unit(app, name)}.service"] = oneshot(what, f"{program} fire {name}")
    if found:
        what = f"Jobs of {app} that nobody looks after"
        found[f"{tidy_unit(app)}.timer"] = timer(what, *TIDY)
        found[f"{tidy_unit(app)}.service"] = oneshot(what, f"{program} tidy")
    return {name: MANAGED + text for name, text in found.items()}


@dataclass(frozen=True)
class Change:
    """What differs on a host: texts to write by name, and names to remove."""

    write: Mapping[str, str] = field(default_factory=dict)
    remove: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.write or self.remove)


def change(app: str, jobs: Mapping[str, Job], directory: Path = UNITS) -> Change:
    """Compare the units on the host with those that are declared."""
    wanted = texts(app, jobs)
    names = [f"{tidy_unit(app)}.*", f"{unit(app, '*')}.timer", f"{unit(app, '*')}.service"]
    there = {path.name: path.read_text(encoding="utf-8") for name in names for path in directory.glob(name)}
    write = {name: text for name, text in wanted.items() if there.get(name) != text}
    return Change(write, sorted(set(there) - set(wanted)))


def timers(app: str, jobs: Mapping[str, Job]) -> list[str]:
    return [name for name in texts(app, jobs) if name.endswith(".timer")]


def idle(names: Sequence[str], systemctl: Callable = run) -> list[str]:
    """Return the timers that do not wait, or would not after a reboot."""
    found = []
    for name in names:
        try:
            systemctl(["systemctl", "is-active", name])
            systemctl(["systemctl", "is-enabled", name])
        except CommandError:
            found.append(name)
    return found


def install(
    app: str, jobs: Mapping[str, Job], directory: Path = UNITS, stamps: Path = STAMPS, systemctl: Callable = run
) -> list[str]:
    """Bring the host's timers to what is declared; return what was done. A run that is on goes on."""
    found = change(app, jobs, directory)
    for name in found.remove:
        if name.endswith(".timer"):
            systemctl(["systemctl", "disable", "--now", name])
            (stamps / f"stamp-{name}").unlink(missing_ok=True)  # else a new job of the name had missed its run
        (directory / name).unlink(missing_ok=True)
    for name, text in found.write.items():
        (directory / name).write_text(text, encoding="utf-8")
    if found:
        systemctl(["systemctl", "daemon-reload"])
    changed = [name for name in found.write if name.endswith(".timer")]
    if changed:
        systemctl(["systemctl", "restart", *changed])
    if missing := idle(timers(app, jobs), systemctl):
        systemctl(["systemctl", "enable", "--now", *missing])
    for name in found.remove:
        with suppress(CommandError):  # one that had failed is told no more
            systemctl(["systemctl", "reset-failed", name])
    return [*(f"{name} is written" for name in found.write), *(f"{name} is removed" for name in found.remove)]


def is_due(app: str, jobs: Mapping[str, Job], directory: Path = UNITS, systemctl: Callable = run) -> bool:
    """Tell whether `install` would do something."""
    return bool(change(app, jobs, directory) or idle(timers(app, jobs), systemctl))


def declared_at(app: str, job: str, directory: Path = UNITS) -> float:
    """Return since when the host has this schedule. What was due before is no run that it missed."""
    try:
        return (directory / f"{unit(app, job)}.timer").stat().st_mtime
    except OSError:
        return 0.0


def beside(app: str, entry_job: str, entry_id: str) -> list[str]:
    """Return the command that carries a run in a unit of its own, so that the next one can begin meanwhile."""
    name = f"{unit(app, entry_job)}-{entry_id}"
    words = ["systemd-run", "--no-block", f"--unit={name}", "--property=Type=oneshot", "--setenv=HOME=/root"]
    return [*words, PROGRAM, "-a", app, "jobs", "carry", entry_job, entry_id]
