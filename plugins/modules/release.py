#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: One step of a release in two colours
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - The steps of which the role C(app_compose) makes a transaction. Each runs on the host as one process, reads what
    is there, does its part and notes it in a journal, so that V(undo) and the V(plan) of a later run know what to end.
  - Use the role. The module is public so that a play of one's own can put steps between those of the role.
options:
  step:
    description:
      - V(plan) looks and changes nothing, but for ending what a killed run left.
      - >-
        V(begin), V(files), V(review), V(build), V(backup), V(migrate), V(start), V(prove), V(switch), V(drain) and
        V(commit) are a release, in this order. V(undo) ends one that failed. V(hand_over), between V(switch) and
        V(drain), is for services with C(start: after_switch): the old ones stop, then the new ones start.
      - V(remove) takes the app off the host; volumes, dumps and the passwords of the data's owners stay.
      - V(rollback) goes back to a release that the host keeps, as one step that undoes itself when it fails.
      - V(data) and V(repair) bring data services and the live release to what is declared.
      - V(info) reports the state of the host.
    type: str
    required: true
    choices:
      - plan
      - begin
      - files
      - review
      - build
      - data
      - backup
      - migrate
      - start
      - prove
      - switch
      - hand_over
      - drain
      - commit
      - rollback
      - remove
      - undo
      - repair
      - info
  project:
    description: Name of the app, the prefix of Compose projects, networks, volumes and images.
    type: str
    required: true
  directory:
    description: The directory on the host for releases.
    type: path
    required: true
  message_prefix:
    description: What the names of inputs begin with in messages, in the place of V(app_compose_).
    type: str
    default: app_compose_
  lease:
    description: The token of M(izzzi.infra.lease), renewed while the step runs. Without it any more, the step fails.
    type: str
  lock:
    description: >-
      For V(rollback) and V(remove), which take the lock themselves: its C(owner), C(ttl) and the seconds to C(wait), as
      for M(izzzi.infra.lease).
    type: dict
    default: {}
  release:
    description: The release to make, or to go back to, for V(rollback); by default the one that was live before.
    type: str
    default: ''
  reason:
    description: Why V(undo) is done.
    type: str
    default: ''
  service:
    description: Whose logs V(undo) returns; by default those of all services.
    type: str
    default: ''
  source:
    description: The id of the source, which the release id begins with.
    type: str
    default: ''
  services:
    description: The stateless services, as the role's C(app_compose_services).
    type: dict
    default: {}
  data_services:
    description: The data services, as the role's C(app_compose_data_services).
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
    description: The same for secrets.
    type: dict
    default: {}
  first_port:
    description: >-
      The first of 200 loopback ports for the two colours. By default the host chooses a block that no other app has,
      and remembers it.
    type: int
    default: 0
  build_ca_bundle:
    description: A file with CA certificates for builds.
    type: str
    default: ''
  edge_directory:
    description: Where nginx includes the app's files from; empty for an app without a site.
    type: str
    default: ''
  edge_url:
    description: How the host itself reaches the site.
    type: str
    default: http://127.0.0.1
  edge_host:
    description: The site's name, when it has one.
    type: str
    default: ''
  release_command:
    description: C(service), C(command) and C(timeout) of what runs once before the containers start.
    type: dict
    default: {}
  migrations:
    description: Patterns of migration files below the source's root.
    type: list
    elements: str
    default: []
  allow_destructive:
    description: Consent to new destructive migrations, or to go back beyond one.
    type: bool
    default: false
  allow_data_change:
    description: >-
      Consent to what no undo brings back: another volume, or none, in the place of a data service's data, or another
      major version on it.
    type: bool
    default: false
  database:
    description: C(service), C(name) and C(user) of the PostgreSQL database.
    type: dict
    default: {}
  database_password:
    description: Its current password.
    type: str
    default: ''
  redis:
    description: C(service) of the Redis whose password the role keeps.
    type: dict
    default: {}
  redis_password:
    description: Its current password.
    type: str
    default: ''
  images:
    description: Images to pull where services say C(build), by service, as M(izzzi.infra.app_image) returns them.
    type: dict
    default: {}
  registry:
    description: The registry that needs O(registry_username), with or without a path.
    type: str
    default: ''
  registry_username:
    description: For images of O(registry) alone.
    type: str
    default: ''
  registry_password:
    description: Its password or token.
    type: str
    default: ''
  wait_timeout:
    description: Seconds until containers are healthy, and again until checks are met.
    type: int
    default: 180
  soak:
    description: Seconds that a candidate must stay well before it gets visitors.
    type: int
    default: 12
  drain_timeout:
    description: Seconds that the old colour gets to finish.
    type: int
    default: 30
  keep_releases:
    description: Releases to keep.
    type: int
    default: 3
  keep_backups:
    description: Dumps to keep.
    type: int
    default: 5
  free_space:
    description: MiB that must be free for a new release.
    type: int
    default: 2048
attributes:
  check_mode:
    support: partial
    description: >-
      V(plan), V(files), V(data), V(rollback), V(remove), V(repair) and V(info) predict. The other steps do nothing.
  diff_mode:
    support: full
    description: >-
      V(files) and V(rollback) show the Compose document beside the live one's, and of variables the names alone.
"""

EXAMPLES = r"""
- name: Look at the host
  izzzi.infra.release:
    step: info
    project: izzzi
    directory: /opt/izzzi
  register: app
"""

RETURN = r"""
release:
  description: The release's id.
  returned: for V(plan) and V(rollback)
  type: str
  sample: 20261105-0f2c9a41d7b3
new:
  description: Whether the declared release differs from the live one.
  returned: for V(plan)
  type: bool
platform:
  description: What images for the host must be built for.
  returned: for V(plan)
  type: str
  sample: linux/amd64
reasons:
  description: In what services differed from what is declared.
  returned: for V(data), V(rollback) and V(repair)
  type: list
  elements: str
removed:
  description: What is gone, or would be in check mode.
  returned: for V(remove)
  type: list
  elements: str
kept:
  description: What keeps data and stays.
  returned: for V(remove)
  type: list
  elements: str
command:
  description: What would delete that too, on the host.
  returned: for V(remove)
  type: str
  sample: sudo docker volume rm izzzi_postgres && sudo rm -r /opt/izzzi
moved:
  description: What later releases did to the schema that this one may not stand.
  returned: for V(rollback)
  type: list
  elements: str
seconds:
  description: Seconds since the transaction was opened; for V(drain) those that it took.
  returned: for V(switch), V(drain), V(commit) and V(rollback)
  type: float
hand_over:
  description: Whether services must not run twice, so that the step V(hand_over) has something to do.
  returned: for V(plan)
  type: bool
drained:
  description: Seconds that the old colour took to finish.
  returned: for V(rollback)
  type: float
cut:
  description: Connections that the drain's deadline ended.
  returned: for V(drain) and V(rollback)
  type: int
reason:
  description: O(reason), with the exit code where a container that runs again had forgotten it.
  returned: for V(undo)
  type: str
facts:
  description: What the candidate's containers, the data services and the disks said, a sentence each, without secrets.
  returned: for V(undo)
  type: list
  elements: str
  sample: ["web: container izzzi-green-web-1 exited with 1."]
logs:
  description: The last log lines of what failed, without secrets.
  returned: for V(undo)
  type: str
restored:
  description: The data services that run by their old definition again.
  returned: for V(undo)
  type: list
  elements: str
app:
  description: Releases, containers, lock, edge and backups.
  returned: for V(info)
  type: dict
"""

import time
from contextlib import nullcontext
from dataclasses import fields, replace
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app.lock import LeaseError, LeaseFile, heartbeat, held
from ..module_utils._app.program import CommandError
from ..module_utils._app.release import ReleaseError
from ..module_utils._app.service_rules import with_replicas
from ..module_utils._compose import info, steps
from ..module_utils._compose import remove as removing
from ..module_utils._compose import undo as undoing
from ..module_utils._compose.colours import ColouredApp, shape_problems
from ..module_utils._compose.data import data as bring_data_up
from ..module_utils._compose.data import data_losses
from ..module_utils._compose.data_images import uncovered
from ..module_utils._compose.failure_report import witness
from ..module_utils._compose.ports import NoPorts
from ..module_utils._compose.problems import has_docker, problems
from ..module_utils._compose.rollback import choose, predict, roll_back
from ..module_utils._compose.surroundings import claim_ports, look_around, require_own_directory, site_name, take_ports
from ..module_utils._compose.transaction import Options, Transaction, data_drift, plan
from ..module_utils._secrets.mask import mask

HEARTBEAT = 5.0
PREDICTED = ("plan", "files", "data", "rollback", "remove", "repair", "info")
STEPS = ["plan", "begin", "files", "review", "build", "data", "backup", "migrate", "start", "prove", "switch"]
STEPS += ["hand_over", "drain", "commit", "rollback", "remove", "undo", "repair", "info"]
ARGUMENT_SPEC = {
    "step": {"type": "str", "required": True, "choices": STEPS},
    "project": {"type": "str", "required": True},
    "directory": {"type": "path", "required": True},
    "message_prefix": {"type": "str", "default": "app_compose_"},
    "lease": {"type": "str", "no_log": False},
    "lock": {"type": "dict", "default": {}},
    "release": {"type": "str", "default": ""},
    "reason": {"type": "str", "default": ""},
    "service": {"type": "str", "default": ""},
    "source": {"type": "str", "default": ""},
    "services": {"type": "dict", "default": {}},
    "data_services": {"type": "dict", "default": {}},
    "volumes": {"type": "dict", "default": {}},
    "env": {"type": "dict", "default": {}},
    "secret_env": {"type": "dict", "default": {}, "no_log": True},
    "first_port": {"type": "int", "default": 0},
    "build_ca_bundle": {"type": "str", "default": ""},
    "edge_directory": {"type": "str", "default": ""},
    "edge_url": {"type": "str", "default": "http://127.0.0.1"},
    "edge_host": {"type": "str", "default": ""},
    "release_command": {"type": "dict", "default": {}},
    "migrations": {"type": "list", "elements": "str", "default": []},
    "allow_destructive": {"type": "bool", "default": False},
    "allow_data_change": {"type": "bool", "default": False},
    "database": {"type": "dict", "default": {}},
    "database_password": {"type": "str", "default": "", "no_log": True},
    "redis": {"type": "dict", "default": {}},
    "redis_password": {"type": "str", "default": "", "no_log": True},
    "images": {"type": "dict", "default": {}},
    "registry": {"type": "str", "default": ""},
    "registry_username": {"type": "str", "default": ""},
    "registry_password": {"type": "str", "default": "", "no_log": True},
    "wait_timeout": {"type": "int", "default": 180},
    "soak": {"type": "int", "default": 12},
    "drain_timeout": {"type": "int", "default": 30},
    "keep_releases": {"type": "int", "default": 3},
    "keep_backups": {"type": "int", "default": 5},
    "free_space": {"type": "int", "default": 2048},
}


def transaction(params: dict) -> Transaction:
    app = ColouredApp(
        project=params["project"],
        directory=Path(params["directory"]),
        services={name: with_replicas(service or {}) for name, service in params["services"].items()},
        data_services=params["data_services"],
        volumes=params["volumes"],
        env=params["env"],
        secrets=params["secret_env"],
        build_ca_bundle=params["build_ca_bundle"],
    )
    t = Transaction(
        app, Options(**{field.name: params[field.name] for field in fields(Options) if field.name in params})
    )
    take_ports(t, params["first_port"])
    if not t.options.edge_host:
        t.options = replace(t.options, edge_host=site_name(t.options.edge_directory))
    if t.journal.get("kind") == "rollback" and params["step"] == "undo" and t.release in t.releases:
        steps.use_release(t, t.manifest)
    return t


def look(t: Transaction, params: dict, check_mode: bool) -> dict:
    """The plan, after what a killed run left is ended."""
    require_own_directory(t)
    recovered = "" if check_mode else undoing.recover(t)
    if found := shape_problems(t.app):
        raise ReleaseError("\n".join(found))
    result = plan(t)
    found = problems(t, result["new"], check_mode, result["release"])
    if has_docker():
        found += look_around(t) + data_losses(t)
        found += uncovered(t.app) if result["data"] else []
    if found:
        raise ReleaseError("\n".join(found))
    return {"changed": bool(recovered), "recovered": recovered, "judged": has_docker(), **result}


def show_files(t: Transaction, params: dict, check_mode: bool) -> dict:
    """The candidate's files beside the live colour's."""
    diff = info.candidate_diff(t, params["release"])
    if not check_mode:
        steps.files(t)
    return {"changed": True, "diff": diff}


def rollback(lease: LeaseFile, params: dict, check_mode: bool) -> dict:
    wanted, lock = params["release"], params["lock"]
    t = transaction(params)
    require_own_directory(t)
    if check_mode:
        lease.would_acquire()
        return predict(t, wanted)
    if not t.journal:  # what a killed run left may change where to go
        choose(t, wanted)
    ttl, wait = int(lock.get("ttl", 60)), int(lock.get("wait", 0))
    with held(lease, lock.get("owner", ""), "rollback", ttl, wait, HEARTBEAT) as still_ours:
        return roll_back(transaction(params), wanted, still_ours)


def remove(lease: LeaseFile, params: dict, check_mode: bool) -> dict:
    """Takes the app off the host. A host without it is not changed, also not by a lock."""
    t, lock = transaction(params), params["lock"]
    require_own_directory(t)
    found = removing.find(t)
    result = removing.answer(t, found)
    if check_mode and result["changed"]:
        lease.would_acquire()
    if result["changed"] and not check_mode:
        ttl, wait = int(lock.get("ttl", 60)), int(lock.get("wait", 0))
        with held(lease, lock.get("owner", ""), "remove", ttl, wait, HEARTBEAT) as still_ours:
            removing.remove(t, removing.find(t), still_ours)
        removing.leave(t.app.directory)
    return result


def run_step(t: Transaction, params: dict, check_mode: bool) -> dict:
    step = params["step"]
    if step == "plan":
        return look(t, params, check_mode)
    if step == "files":
        return show_files(t, params, check_mode)
    if step == "info":
        return {"changed": False, "app": info.report(t, time.time())}
    if step in ("data", "repair"):
        if check_mode:
            reasons = data_drift(t) if step == "data" else steps.live_drift(t)
            return {"changed": bool(reasons), "reasons": reasons}
        return bring_data_up(t) if step == "data" else steps.repair(t)
    if step == "begin":
        claim_ports(t, params["first_port"])
        return steps.begin(t, params["release"], "deploy")
    if step == "drain":
        return steps.drain_old(t)
    if step == "undo":
        seen = witness(t, params["service"], params["reason"])
        undone = undoing.undo(t, seen["reason"])
        return {**seen, **undone, "facts": [*seen["facts"], *undoing.back_again(undone["restored"])]}
    return getattr(steps, step)(t)


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    passwords = [params[f"{name}_password"] for name in ("database", "redis", "registry")]
    secrets = [*map(str, params["secret_env"].values()), *passwords]
    if module.check_mode and params["step"] not in PREDICTED:
        module.exit_json(changed=False, skipped=True)
    lease = LeaseFile(Path(params["directory"]) / "lease.json", time.time)
    try:
        if params["step"] == "rollback":
            module.exit_json(**rollback(lease, params, module.check_mode))
        if params["step"] == "remove":
            module.exit_json(**remove(lease, params, module.check_mode))
        with heartbeat(lease, params["lease"], HEARTBEAT) if params["lease"] else nullcontext():
            result = run_step(transaction(params), params, module.check_mode)
    except (CommandError, LeaseError, NoPorts, ValueError) as error:
        service = getattr(error, "service", "")
        log = getattr(error, "log", "")
        text = str(error).replace("app_compose_", params["message_prefix"])
        module.fail_json(msg=mask(text, secrets), service=service, step=params["step"], log=log)
    except OSError as error:
        module.fail_json(msg=f"{error.filename or ''}: {error.strerror}".lstrip(": "), service="", step=params["step"])
    for warning in warnings(result):
        module.warn(mask(warning.replace("app_compose_", params["message_prefix"]), secrets))
    module.exit_json(**mask_texts(result, secrets))


def warnings(result: dict) -> list[str]:
    """What a person should know although nothing failed."""
    found = [result["recovered"]] if result.get("recovered") else []
    if result.get("judged") is False:
        found.append(
            "This host has no Docker yet, so that Compose could not judge the declared services:"
            " the first run that finds it there will, before it touches anything."
        )
    return found


def mask_texts(result: dict, secrets: list[str]) -> dict:
    """Program output may repeat a secret; what the module itself says does not."""
    told = ("logs", "output", "facts")
    return {key: mask(value, secrets) if key in told else value for key, value in result.items()}


if __name__ == "__main__":
    main()
