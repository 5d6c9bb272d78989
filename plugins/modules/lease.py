#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: lease
short_description: Hold a lock on a host that expires
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Takes or gives back a lock of one file. A lock whose owner stops renewing it expires, so a killed run does not block
    for ever, and two runs never interleave. M(izzzi.infra.release) renews it while its steps run.
options:
  path:
    description: The file. Taking the lock makes its directory, for root with mode V(0755).
    type: path
    required: true
  state:
    description: V(present) takes the lock, V(absent) gives it back.
    type: str
    choices: [present, absent]
    default: present
  owner:
    description: Who holds it, for the message to others.
    type: str
    default: ''
  purpose:
    description: What for.
    type: str
    default: ''
  ttl:
    description: Seconds without a heartbeat after which the lock is anybody's.
    type: int
    default: 60
  wait:
    description: Seconds to wait for somebody else's lock.
    type: int
    default: 0
  token:
    description: What taking it returned. Required to give it back.
    type: str
attributes:
  check_mode:
    support: full
    description: Takes nothing; fails like a real run when somebody else holds the lock.
  diff_mode:
    support: none
    description: A lock is not part of the host's state.
"""

EXAMPLES = r"""
- name: Take the lock
  izzzi.infra.lease:
    path: /opt/izzzi/lease.json
    owner: ci run 42
    purpose: deploy
    wait: 600
  register: lock

- name: Give it back
  izzzi.infra.lease:
    path: /opt/izzzi/lease.json
    state: absent
    token: "{{ lock.token }}"
"""

RETURN = r"""
token:
  description: Proves ownership.
  returned: when taken
  type: str
waited:
  description: Seconds that it took to get it.
  returned: when taken
  type: float
"""

import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.lock import LeaseError, LeaseFile, acquire_within

ARGUMENT_SPEC = {
    "path": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "owner": {"type": "str", "default": ""},
    "purpose": {"type": "str", "default": ""},
    "ttl": {"type": "int", "default": 60},
    "wait": {"type": "int", "default": 0},
    "token": {"type": "str", "no_log": False},
}


def take(lease: LeaseFile, params: dict, clock=time.monotonic, sleep=time.sleep) -> dict:
    start = clock()
    taken = acquire_within(lease, params["owner"], params["purpose"], params["ttl"], params["wait"], clock, sleep)
    return {"changed": False, "token": taken.token, "waited": round(clock() - start, 1)}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    lease = LeaseFile(Path(params["path"]), time.time)
    try:
        if module.check_mode:
            if params["state"] == "present":
                lease.would_acquire()
            module.exit_json(changed=False, token="")
        if params["state"] == "absent":
            module.exit_json(changed=False, released=lease.release(params["token"]))
        module.exit_json(**take(lease, params))
    except LeaseError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"{params['path']}: {error.strerror}.")


if __name__ == "__main__":
    main()
