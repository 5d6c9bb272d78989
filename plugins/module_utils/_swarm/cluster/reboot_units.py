# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role swarm_cluster writes onto nodes so that they reboot one after the other: units, a script, and on
managers this very code. Pure, but for reading the code."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Any

from ..._app import maintenance, on_host
from ..._app.docker_words import SWARM_SERVICE
from ..._app.systemd import oneshot, timer
from ..service import EDGE_FILES
from .reboots import DUE, GO, MARKS, SCRIPT

UNITS = "/etc/systemd/system"
MANAGED = "# Managed by Ansible, role izzzi.infra.swarm_cluster (swarm_cluster_reboot_time)\n"
_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")

# The mark for other nodes to see. It is gone after a reboot, as /run is.
DUE_PATH = """[Unit]
Description=An update asks for a reboot

[Path]
PathExists=/run/reboot-required

[Install]
WantedBy=paths.target
"""
DUE_SERVICE = f"""[Unit]
Description=Let the managers of the Swarm know that an update asks for a reboot

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/touch {MARKS}/{DUE}
"""
GO_PATH = f"""[Unit]
Description=A manager of the Swarm lets this node reboot

[Path]
PathExists={MARKS}/{GO}

[Install]
WantedBy=paths.target
"""
GO_SERVICE = f"""[Unit]
Description=Reboot when no task of the Swarm runs here any more

[Service]
Type=oneshot
ExecStart={SCRIPT}
"""
# What visitors get stays the same. A task of the edge that starts later reads the file, so it goes after a reboot.
BALANCER = f"""
# leave: let a load balancer's check fail on this node; stay: let it succeed again.
balancer() {{
  for volume in $(docker volume ls --quiet --filter name={EDGE_FILES}); do
    file=$(docker volume inspect --format '{{{{.Mountpoint}}}}' "$volume")/{maintenance.LEAVING}
    if [ "$1" = leave ]; then printf %s @TEXT@ >"$file"; else rm -f "$file"; fi
    for task in $(docker ps --quiet --filter "volume=$volume"); do
      docker exec "$task" nginx -q -s reload
    done
  done
}}
"""
NO_BALANCER = """
balancer() { :; }
"""
# An engine that does not answer is no empty one.
WHEN_EMPTY = f"""
case $1 in
  leave | stay)
    balancer "$1"
    exit
    ;;
esac
rm -f {MARKS}/{GO}
balancer leave
second=0
while [ $second -lt 600 ]; do
  tasks=$(docker ps --quiet --filter label={SWARM_SERVICE}) || exit 1
  [ -n "$tasks" ] || exec systemctl reboot
  sleep 1
  second=$((second + 1))
done
balancer stay
echo "Tasks of the Swarm still run here: no reboot." >&2
exit 1
"""
STAY_TIMER = timer("Let load balancers use this node again", "OnBootSec=1s", "AccuracySec=1s")
STAY_SERVICE = oneshot("Let load balancers use this node again", f"{SCRIPT} stay")
NODE_UNITS = {
    "izzzi-reboot-due.path": DUE_PATH,
    "izzzi-reboot-due.service": DUE_SERVICE,
    "izzzi-reboot.path": GO_PATH,
    "izzzi-reboot.service": GO_SERVICE,
    "izzzi-reboot-stay.timer": STAY_TIMER,
    "izzzi-reboot-stay.service": STAY_SERVICE,
}
CODE = "PYTHONPATH=/usr/local/lib/izzzi"


def script(path: str) -> str:
    """Return the script of a node. `path` is what a load balancer asks for, if there is one that can be told. Raise
    ValueError for one that nginx would read otherwise."""
    balancer = NO_BALANCER
    if path:
        text = maintenance.leaving(path, "swarm_cluster_balancer_path")
        balancer = BALANCER.replace("@TEXT@", shlex.quote(text))
    return f"#!/bin/sh\n{MANAGED}{balancer}{WHEN_EMPTY}"


def problems(given: Mapping[str, Any]) -> list[str]:
    """Return a sentence for everything that is not valid."""
    time, found = given["time"], []
    if time and not _TIME.fullmatch(str(time)):
        found = [f"swarm_cluster_reboot_time: {time!r} is not a valid time such as 03:30."]
    try:
        script(given["balancer_path"])
    except ValueError as error:
        found.append(str(error))
    return found


def _manager_units(given: Mapping[str, Any]) -> dict[str, str]:
    night, back = "Reboot nodes of the Swarm for which an update asks", "Open nodes of the Swarm that have rebooted"
    program = "/usr/bin/python3 -BP -m infra._swarm.cluster.night {} --image " + given["image"]
    program += f" --patience {given['balancer_wait']}" if given["balancer_path"] else ""
    return {
        "izzzi-reboots.timer": timer(night, f"OnCalendar=*-*-* {given['time']}:00", "AccuracySec=1s"),
        "izzzi-reboots.service": oneshot(night, program.format("reboot"), CODE),
        # After a minute the lock of a manager that has rebooted itself is over.
        "izzzi-reboots-open.timer": timer(back, "OnBootSec=70s", "OnUnitInactiveSec=60s", "AccuracySec=1s"),
        "izzzi-reboots-open.service": oneshot(back, program.format("open"), CODE),
    }


def files(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the files of `host_change`, also those that are to go: all without a `time`, and timers on workers."""
    is_manager = bool(given["manager"] and given["time"])
    code = on_host.code("_swarm/cluster/night.py") if is_manager else {}
    return [
        *({"path": str(on_host.CODE / name), "content": text} for name, text in code.items()),
        _file("/etc/tmpfiles.d/izzzi-reboot.conf", f"d {MARKS} 0700 root root -\n", given["time"]),
        _file(SCRIPT, script(given["balancer_path"]), given["time"], managed="", mode="0755"),
        *(_file(f"{UNITS}/{name}", text, given["time"]) for name, text in NODE_UNITS.items()),
        *(_file(f"{UNITS}/{name}", text, is_manager) for name, text in _manager_units(given).items()),
    ]


def _file(path: str, text: str, wanted: Any, managed: str = MANAGED, mode: str = "0644") -> dict[str, Any]:
    if not wanted:
        return {"path": path, "state": "absent", "apply": ["reboots"]}
    return {"path": path, "content": managed + text, "mode": mode, "apply": ["reboots"]}


def _waiting(given: Mapping[str, Any]) -> dict[str, bool]:
    """Return the units that wait for something, and whether they are wanted on this host."""
    names = [name for name in (*NODE_UNITS, *_manager_units(given)) if not name.endswith(".service")]
    return {name: bool(given["time"] and (name in NODE_UNITS or given["manager"])) for name in names}


def links(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the links of `host_change` with which units start at a boot."""
    return [
        {
            "path": f"{UNITS}/{'paths' if name.endswith('.path') else 'timers'}.target.wants/{name}",
            "target": f"../{name}",
            "state": "present" if wanted else "absent",
        }
        for name, wanted in _waiting(given).items()
    ]


def apply(given: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return what `host_change` does when a file differs, or a unit does not wait."""
    units = _waiting(given)
    wanted, rest = (" ".join(name for name, here in units.items() if here is side) for side in (True, False))
    commands = [f"systemctl stop {rest} 2>/dev/null"] if rest else []
    commands += ["systemctl daemon-reload"]
    if not wanted:
        return {"reboots": {"command": "; ".join(commands)}}
    commands += [f"systemd-tmpfiles --create /etc/tmpfiles.d/izzzi-reboot.conf && systemctl restart {wanted}"]
    check = " && ".join(f"systemctl --quiet is-active {name}" for name in wanted.split())
    return {"reboots": {"command": "; ".join(commands), "check": check}}
