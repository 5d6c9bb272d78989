#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: os_update
short_description: Upgrade the packages of a Debian or Ubuntu host, and tell whether it has to reboot
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Upgrades what is installed, and with it what new versions need, such as a new kernel. Nothing is removed, and files
    that somebody has edited stay as they are.
  - It never reboots. RV(reboot) says why the host has to, and playbooks decide when.
options:
  state:
    description:
      - V(looked) fetches the lists of packages and says what is out of date. V(upgraded) upgrades it.
    type: str
    choices: [looked, upgraded]
    default: upgraded
  lock_timeout:
    description: Seconds to wait for whoever has apt's lock, such as an automatic update.
    type: int
    default: 300
attributes:
  check_mode:
    support: full
    description: The lists are fetched into a directory that is gone afterwards, so that the host is as it was.
  diff_mode:
    support: full
    description: Shows the versions before and after.
"""

EXAMPLES = r"""
- name: See what is out of date
  izzzi.infra.os_update:
    state: looked
  register: looked

- name: Upgrade it
  izzzi.infra.os_update:
"""

RETURN = r"""
packages:
  description: >-
    The packages that were out of date, as C(NAME BEFORE -> AFTER), or C(NAME AFTER (new)) for what comes with them.
  returned: always
  type: list
  elements: str
  sample: [openssl 3.5.1-1 -> 3.5.4-1]
reboot:
  description: >-
    Why the host has to reboot, now or, for V(looked) and in check mode, after the upgrade. Empty when it has not.
  returned: always
  type: list
  elements: str
  sample: [an update asks for it (linux-base)]
engine:
  description: Those of the packages whose upgrade restarts the containers' engine.
  returned: always
  type: list
  elements: str
  sample: [containerd]
start_seconds:
  description: How many seconds the host's services took to start last time; 0 when that is not known.
  returned: always
  type: int
  sample: 14
"""

import platform

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.program import CommandError, run
from ..module_utils._host.updates import Apt, Package, engine, read_host, reboot_reasons, start_seconds

SHOW_START = ["systemctl", "show", "--property=UserspaceTimestampMonotonic,FinishTimestampMonotonic"]
ARGUMENT_SPEC = {
    "state": {"type": "str", "choices": ["looked", "upgraded"], "default": "upgraded"},
    "lock_timeout": {"type": "int", "default": 300},
}


def line(package: Package) -> str:
    before = f" {package.before} ->" if package.before else ""
    return f"{package.name}{before} {package.after}{'' if before else ' (new)'}"


def diff(packages: list[Package]) -> dict:
    before = "".join(f"{one.name} {one.before}\n" for one in packages if one.before)
    return {"before": before, "after": "".join(f"{one.name} {one.after}\n" for one in packages)}


def update(apt: Apt, state: str, check_mode: bool) -> dict:
    with apt.fresh(keep=not check_mode):
        packages = apt.pending()
    writes = state == "upgraded" and not check_mode
    if writes and packages:
        apt.upgrade()
    return {
        "changed": state == "upgraded" and bool(packages),
        "packages": [line(package) for package in packages],
        "reboot": reboot_reasons(read_host(), () if writes else packages),
        "engine": engine(packages),
        "start_seconds": start_seconds(run(SHOW_START)),
        "diff": diff(packages),
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        module.exit_json(**update(Apt(run, module.params["lock_timeout"]), module.params["state"], module.check_mode))
    except CommandError as error:
        module.fail_json(msg=f"The packages of {platform.node()} could not be brought up to date. {error}")


if __name__ == "__main__":
    main()
