#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_stack
short_description: Deploy, undo, scale, restart, stop and look at an app in a Docker Swarm
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Runs on any manager. What it remembers (releases, an open transaction, the lock) are objects of the Swarm itself.
  - V(deploy) brings every service to what is declared, in order, and waits for what their I(tasks) say. If one fails,
    B(every) service gets back to what it was, and the module fails with the service, task, node, exit code and last log
    lines. A killed run is undone by the next.
  - Use the role C(swarm_stack). The module is public for plays of one's own.
extends_documentation_fragment: [izzzi.infra.who]
options:
  action:
    description:
      - V(plan) compares and changes nothing. V(data) brings the data services up where no release is live yet, so that
        data can be brought back first. V(deploy), V(rollback), V(scale) and V(remove) do as they are named.
      - V(restart) replaces the tasks of O(service), or of all stateless services, as an update does. V(stop) takes all
        tasks but the edge's away and keeps everything else; V(start) and V(deploy) bring them back.
      - V(pause), V(exchange) and V(resume) let the data of a live app move.
        The app stops, the data services begin as they
        are declared, O(service) on another volume, and the app is started and proven. V(undo) brings back what was
        there before, until V(resume) has ended; so does the next call of anything that changes the Swarm.
      - V(info) reports nodes, services, tasks and releases. V(logs) returns log lines of a service's tasks, or of all.
      - V(jobs) lists the jobs that this manager has of the app. V(job) runs O(job) now and returns what it said and how
        it ended, also when it failed.
      - V(run) runs O(command) once as the service's tasks run, on any node, and returns what it said.
    type: str
    required: true
    choices:
      [plan, data, deploy, rollback, scale, remove, info, logs, run, jobs, job, restart, stop, start, pause, exchange,
       resume, undo]
  project:
    description: Name of the app, the prefix of services, secrets, configs and volumes, and the name of its network.
    type: str
    required: true
  source:
    description: The id of the source, which the release id begins with.
    type: str
    default: ''
  release:
    description: For V(rollback), where to go; by default the release that was live before.
    type: str
    default: ''
  services:
    description: The stateless services, as the role's C(swarm_stack_services).
    type: dict
    default: {}
  data_services:
    description: The data services, as the role's C(swarm_stack_data_services).
    type: dict
    default: {}
  edge:
    description: The service in front, in the same form.
    type: dict
    default: {}
  pages:
    description: >-
      C(services) in the same form, one task on every node, and the C(configs) that they mount: pages for operators.
      They are brought up with the stack and are part of no release, so that V(rollback) and V(stop) leave them alone.
    type: dict
    default: {}
  pages_secrets:
    description: Contents of secrets that they mount, by name.
    type: dict
    default: {}
  volumes:
    description: Named volumes.
    type: dict
    default: {}
  env:
    description: Values for C(${NAME}) in the services.
    type: dict
    default: {}
  secret_env:
    description: The same for secrets. They reach containers in a file of their own and no service definition.
    type: dict
    default: {}
  secret_files:
    description: Contents of secrets that services mount, by name.
    type: dict
    default: {}
  config_files:
    description: Contents of configs that services mount, by name. C(@network@) in them becomes the range of the app's
      network.
    type: dict
    default: {}
  images:
    description: The C(facts) that M(izzzi.infra.app_image) returned. V(plan) takes what is missing as new.
    type: dict
    default: {}
  registry:
    description: Where built images are, as V(host:port).
    type: str
    default: ''
  release_command:
    description: C(service), C(command) and C(timeout) of what runs once, from the new image, before services change.
    type: dict
    default: {}
  policy:
    description: C(replicas), C(limits), C(reservations), C(update_delay), C(endpoint_mode) and C(data_constraints).
    type: dict
    default: {}
  options:
    description: C(encrypted), C(keep_scale), C(keep_releases), C(allow_data_change), C(edge_port), C(edge_scheme) and
      C(edge_host).
    type: dict
    default: {}
  wait_timeout:
    description: Seconds without one more task of a service that runs well, beside the pauses that its update makes.
    type: int
    default: 180
  monitor:
    description: Seconds for which new tasks must run well.
    type: int
    default: 5
  pending_grace:
    description: Seconds after which a task without a node is given up.
    type: int
    default: 15
  job:
    description: For V(job), which of the jobs that this host has of the app.
    type: str
    default: ''
  service:
    description: For V(scale), V(logs), V(run), V(restart) and V(exchange).
    type: str
    default: ''
  replicas:
    description: For V(scale). What has a named volume, data services and services with C(start=after_switch) run once.
    type: int
  allow_zero:
    description: For V(scale), consent to O(replicas=0), which stops the service until it is scaled again.
    type: bool
    default: false
  command:
    description: For V(run), the program and its arguments; the image's entrypoint stays in front of them.
    type: list
    elements: str
    default: []
  lines:
    description: >-
      For V(logs), the last lines of each task; V(0) for all. By default 100, and all with O(since) or O(grep).
    type: int
  since:
    description: For V(logs), a duration such as V(10m), or a time.
    type: str
    default: ''
  grep:
    description: For V(logs), a regular expression; only lines that it finds something in are shown.
    type: str
    default: ''
  rebuild:
    description: For V(plan) and V(deploy), a new release also where nothing has changed.
    type: bool
    default: false
  owner:
    description: Who holds the lock, for the message to others.
    type: str
    default: ''
  message_prefix:
    description: What the names of inputs begin with in messages, in the place of V(swarm_stack_).
    type: str
    default: swarm_stack_
  lock_wait:
    description: Seconds to wait for somebody else's lock.
    type: int
    default: 0
  lock_ttl:
    description: Seconds without a sign of life after which a killed run's lock is anybody's.
    type: int
    default: 60
attributes:
  check_mode:
    support: full
    description: Predicts service by service.
  diff_mode:
    support: full
    description: Shows each service's definition before and after. It holds no secret.
"""

EXAMPLES = r"""
- name: Look at the app
  izzzi.infra.swarm_stack:
    action: info
    project: izzzi
  register: stack

- name: Give the frontend a third task
  izzzi.infra.swarm_stack:
    action: scale
    project: izzzi
    service: frontend
    replicas: 3
"""

RETURN = r"""
release:
  description: The release's id.
  returned: for V(plan), V(deploy) and V(rollback)
  type: str
new:
  description: Whether the declared release differs from the live one.
  returned: for V(plan) and V(deploy)
  type: bool
node_images:
  description: C(pull), what every node shall have to take any task, and C(keep), what kept releases need.
  returned: for V(info), and for V(deploy), there not in check mode
  type: dict
services:
  description: What is, or would be, done to each service.
  returned: for V(plan), V(deploy), V(rollback) and V(scale)
  type: list
  elements: dict
  sample: [{action: update, service: izzzi_backend, fields: [TaskTemplate.ContainerSpec.Image], restarts: true}]
events:
  description: What was done when.
  returned: for V(data), V(deploy), V(rollback), V(scale), V(restart), V(stop) and V(start), also on failure
  type: list
  elements: str
notes:
  description: What was set by hand and is not left so, for example two tasks on one volume. They are warnings, too.
  returned: for V(plan), V(deploy), V(rollback) and V(scale)
  type: list
  elements: str
recovered:
  description: What was undone of a killed run.
  returned: for V(data), V(deploy) and V(rollback)
  type: str
logs:
  description: Log lines, for V(logs), of what V(run) ran, and of what failed. Without secrets.
  returned: for V(logs) and V(run), and on failure
  type: str
app:
  description: Nodes, services, tasks, releases and the lock.
  returned: for V(info)
  type: dict
status:
  description: The same in lines for people.
  returned: for V(info)
  type: list
  elements: str
listed:
  description: The releases in lines for people.
  returned: for V(info)
  type: list
  elements: str
jobs:
  description: >-
    Each job with its schedule, when it is C(next), what is C(running), the C(last) run that ended and the one that was
    C(skipped) since. Times are seconds since 1970.
  returned: for V(jobs)
  type: list
  elements: dict
  sample:
    - name: digest
      schedule: Mon..Fri 07:00
      time_zone: Europe/Paris
      next: 1796018400.0
      running: []
      last: {id: 20261127t060000z, state: ok, code: 0, seconds: 12.1, release: 20261105-0f2c9a41d7b3}
      skipped: null
job:
  description: >-
    The run: its C(state) is V(ok), V(failed), V(timed out) or V(lost), C(reason) says why, C(code) is that of its exit.
  returned: for V(job)
  type: dict
  sample: {job: digest, id: 20261127t091500z-4f1a, state: failed, code: 3, reason: it exited with 3}
ended:
  description: The same in a sentence.
  returned: for V(job)
  type: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.lock import LeaseError
from ..module_utils._app.progress import of_module
from ..module_utils._command.settings import noted_jobs, remembered
from ..module_utils._secrets.mask import mask
from ..module_utils._swarm.engine import Engine, EngineError, NoEngine, NotInSwarm, Unavailable, is_member
from ..module_utils._swarm.stack import upgrade
from ..module_utils._swarm.stack.model import StackError
from ..module_utils._swarm.stack.run import Run, Told
from ..module_utils._swarm.stack.verbs import ACTIONS as VERBS

ACTIONS = {**VERBS, **upgrade.ACTIONS}
ARGUMENT_SPEC = {
    "action": {"type": "str", "required": True, "choices": list(ACTIONS)},
    "project": {"type": "str", "required": True},
    "source": {"type": "str", "default": ""},
    "release": {"type": "str", "default": ""},
    "services": {"type": "dict", "default": {}},
    "data_services": {"type": "dict", "default": {}},
    "edge": {"type": "dict", "default": {}},
    "pages": {"type": "dict", "default": {}},
    "pages_secrets": {"type": "dict", "default": {}, "no_log": True},
    "volumes": {"type": "dict", "default": {}},
    "env": {"type": "dict", "default": {}},
    "secret_env": {"type": "dict", "default": {}, "no_log": True},
    "secret_files": {"type": "dict", "default": {}, "no_log": True},
    "config_files": {"type": "dict", "default": {}},
    "images": {"type": "dict", "default": {}},
    "registry": {"type": "str", "default": ""},
    "release_command": {"type": "dict", "default": {}},
    "policy": {"type": "dict", "default": {}},
    "options": {"type": "dict", "default": {}},
    "wait_timeout": {"type": "int", "default": 180},
    "monitor": {"type": "int", "default": 5},
    "pending_grace": {"type": "int", "default": 15},
    "service": {"type": "str", "default": ""},
    "job": {"type": "str", "default": ""},
    "replicas": {"type": "int"},
    "allow_zero": {"type": "bool", "default": False},
    "command": {"type": "list", "elements": "str", "default": []},
    "lines": {"type": "int"},
    "since": {"type": "str", "default": ""},
    "grep": {"type": "str", "default": ""},
    "rebuild": {"type": "bool", "default": False},
    "owner": {"type": "str", "default": ""},
    "message_prefix": {"type": "str", "default": "swarm_stack_"},
    "who": {"type": "dict", "default": {}},
    "lock_wait": {"type": "int", "default": 0},
    "lock_ttl": {"type": "int", "default": 60},
}


def engine_for(action: str, check_mode: bool) -> Engine:
    """A plan is possible before there is a Swarm: then nothing runs yet. One that has lost its majority is there."""
    engine = Engine()
    try:
        engine.get("/swarm")
    except (Unavailable, NotInSwarm):
        if check_mode and action in ("plan", "data", "deploy") and not is_member(engine):
            return NoEngine()
    return engine


def shown(error: BaseException, params: dict) -> str:
    """Tell a failure, with what its service has logged where the words have not."""
    said, logs = str(error).replace("swarm_stack_", params["message_prefix"]), getattr(error, "logs", "")
    if isinstance(error, Told) or not logs.strip():
        return said
    return f"{said}\n--- last log lines of {getattr(error, 'service', '')}\n{logs.rstrip()}"


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    params |= {"hidden": remembered(params["project"]), "jobs": noted_jobs(params["project"])}
    run = Run(params, module.check_mode, engine_for(params["action"], module.check_mode))
    outcome = run.outcome(params["action"])
    try:
        with of_module(module, params["project"], run.hidden):
            result = outcome.of(lambda: ACTIONS[params["action"]](run), lambda error: shown(error, params))
    except (StackError, EngineError, LeaseError, ValueError) as error:
        logs, service = getattr(error, "logs", ""), getattr(error, "service", "")
        text = mask(shown(error, params), run.hidden)
        module.fail_json(msg=text, service=service, logs=mask(logs, run.hidden), events=run.events)
    for note in result.get("notes", []) if params["action"] != "plan" else []:
        module.warn(note.replace("swarm_stack_", params["message_prefix"]))
    if "logs" in result:
        result["logs"] = mask(result["logs"], run.hidden)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
