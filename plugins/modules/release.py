#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: release
short_description: Release an app in two colours, go back, restart, stop and start it, look at it and remove it
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - V(deploy) and V(rollback) are a transaction in one call. It takes the lock, ends what a killed run left, notes each
    step in a journal on the host, and undoes all of them when one fails.
  - A release is unpacked, built, its database is dumped and migrated, it is started beside the live one, proven through
    nginx where no visitor sees it, and only then gets the visitors.
  - Use the role C(app_compose). The module is public for plays of one's own.
extends_documentation_fragment: [izzzi.infra.who]
options:
  action:
    description:
      - V(plan) compares, refuses what would stop a deploy, and changes nothing, but for ending what a killed run left.
      - V(data) brings the data services up where no release is live yet, so that data can be brought back first.
      - V(deploy) makes what is declared the live release; where it is already, it mends what differs.
      - V(rollback) goes back to a release that the host keeps.
      - V(pause), V(exchange) and V(resume) let the data of a live app move.
        It stops, its data services begin as they are
        declared, the database on another volume, and it is started and proven. V(undo) brings back what was there
        before, until V(resume) has ended; so does the next call of anything that changes the host.
      - V(remove) takes the app off the host; volumes, dumps and the passwords of the data's owners stay.
      - V(build) builds or pulls the images that the next V(deploy) needs, and changes nothing that runs.
      - V(restart) starts the live release in new containers beside the old ones, which are drained then; O(service)
        alone in place, when it is a data service or has no port.
      - V(stop) stops all of the app and keeps everything; nginx shows a page. V(start) brings the same release back and
        proves it; so does V(deploy).
      - V(logs) reads what containers wrote, in the order of time.
      - V(info) reports the state of the host.
      - V(jobs) lists the jobs that the host has of the app. V(job) runs O(job) now and returns what it said and how it
        ended, also when it failed.
    type: str
    required: true
    choices:
      [plan, data, build, deploy, rollback, remove, info, restart, stop, start, logs, jobs, job, pause, exchange,
       resume, undo]
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
  lock:
    description: >-
      How to ask for the lock: its C(owner), for the message to others, C(ttl), the seconds without a sign of life after
      which a killed run's lock is anybody's, and the seconds to C(wait) for somebody else's.
    type: dict
    default: {}
  release:
    description: For V(rollback), where to go; by default the release that was live before.
    type: str
    default: ''
  service:
    description: For V(restart) and V(logs), one service; by default all.
    type: str
    default: ''
  job:
    description: For V(job), which of the jobs that this host has of the app.
    type: str
    default: ''
  lines:
    description: >-
      For V(logs), the last lines of each container; V(0) for all. By default 100, and all with O(since) or O(grep).
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
    description: For V(plan) and V(deploy), a new release also where nothing has changed, on today's base images.
    type: bool
    default: false
  keep:
    description: >-
      For V(plan), to go on as V(deploy) does where no new release is to be made: what differs is mended, and the app is
      asked. In check mode it only compares.
    type: bool
    default: false
  source:
    description: The id of the source, which the release id begins with.
    type: str
    default: ''
  archive:
    description: For V(deploy), the packed source on the host, where V(plan) wants it. It is removed.
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
  backup_command:
    description: >-
      The program on the host, with its arguments, that backs the data up before new migrations, from the second release
      on. Without it, and when it fails, the database is dumped on the host.
    type: list
    elements: str
    default: []
  free_space:
    description: MiB that must be free for a new release.
    type: int
    default: 2048
attributes:
  check_mode:
    support: full
    description: Predicts, and fails like a real run where it can be known before anything is touched.
  diff_mode:
    support: full
    description: Shows a new release's Compose document beside the live one's, and of variables the names alone.
"""

EXAMPLES = r"""
- name: Look at the host
  izzzi.infra.release:
    action: info
    project: izzzi
    directory: /opt/izzzi
  register: app
"""

RETURN = r"""
release:
  description: The release's id.
  returned: for V(plan), V(deploy) and V(rollback)
  type: str
  sample: 20261105-0f2c9a41d7b3
new:
  description: Whether the declared release differs from the live one.
  returned: for V(plan) and V(deploy)
  type: bool
archive:
  description: Where V(deploy) needs the packed source; empty where it needs none.
  returned: for V(plan)
  type: str
  sample: /var/tmp/izzzi-shop-9a41d7b30f2c9a41.tar.gz
platform:
  description: What images for the host must be built for.
  returned: for V(plan)
  type: str
  sample: linux/amd64
reasons:
  description: In what services differ from what is declared.
  returned: for V(plan), V(deploy) and V(rollback)
  type: list
  elements: str
recovered:
  description: How what a killed run had begun was ended. It is a warning, too.
  returned: for V(plan), V(deploy) and V(rollback), not in check mode
  type: str
steps:
  description: The seconds of each step that had something to do.
  returned: for V(deploy) and V(rollback), also on failure
  type: dict
  sample: {unpack: 0.2, files: 0.1, build: 31.5, start: 4.1, prove: 12.0, switch: 0.6, drain: 1.0, commit: 0.9}
events:
  description: The same for people, or in what services differed.
  returned: for V(build), V(deploy), V(rollback), V(restart), V(stop) and V(start), and V(plan) with O(keep)
  type: list
  elements: str
logs:
  description: The lines, without secrets.
  returned: for V(logs)
  type: str
output:
  description: What the release command wrote, without secrets.
  returned: for V(deploy) of a new release
  type: str
log:
  description: The file on the host with all that a build said.
  returned: when a build fails
  type: str
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
  description: Seconds from the opening of the transaction until visitors met the release.
  returned: for V(deploy) of a new release and V(rollback)
  type: float
drained:
  description: Seconds that the old colour took to finish.
  returned: for V(deploy) of a new release and V(rollback)
  type: float
cut:
  description: Connections that the drain's deadline ended.
  returned: for V(deploy) of a new release and V(rollback)
  type: int
app:
  description: Releases, containers, lock, edge and backups.
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
from ..module_utils._app.program import CommandError
from ..module_utils._app.progress import of_module
from ..module_utils._command.settings import noted_jobs, remembered
from ..module_utils._compose.failure_report import reason_of
from ..module_utils._compose.run import Run
from ..module_utils._compose.verbs import ACTIONS
from ..module_utils._secrets.mask import mask

ARGUMENT_SPEC = {
    "action": {"type": "str", "required": True, "choices": list(ACTIONS)},
    "project": {"type": "str", "required": True},
    "directory": {"type": "path", "required": True},
    "message_prefix": {"type": "str", "default": "app_compose_"},
    "who": {"type": "dict", "default": {}},
    "lock": {"type": "dict", "default": {}},
    "release": {"type": "str", "default": ""},
    "service": {"type": "str", "default": ""},
    "job": {"type": "str", "default": ""},
    "lines": {"type": "int"},
    "since": {"type": "str", "default": ""},
    "grep": {"type": "str", "default": ""},
    "rebuild": {"type": "bool", "default": False},
    "keep": {"type": "bool", "default": False},
    "source": {"type": "str", "default": ""},
    "archive": {"type": "str", "default": ""},
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
    "backup_command": {"type": "list", "elements": "str", "default": []},
    "free_space": {"type": "int", "default": 2048},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    params |= {"hidden": remembered(params["project"]), "jobs": noted_jobs(params["project"])}
    run = Run(params, module.check_mode)

    def shown(text: str) -> str:
        return mask(text.replace("app_compose_", params["message_prefix"]), run.hidden)

    outcome = run.outcome(params["action"])
    try:
        with of_module(module, params["project"], run.hidden):
            result = outcome.of(lambda: ACTIONS[params["action"]](run), lambda error: shown(reason_of(error)))
    except (CommandError, LeaseError, OSError, ValueError) as error:
        seen = {name: getattr(error, name, default) for name, default in (("service", ""), ("log", ""), ("steps", {}))}
        module.fail_json(msg=shown(reason_of(error)), **seen)
    for warning in warnings(result):
        module.warn(shown(warning))
    if "output" in result:
        result["output"] = mask(result["output"], run.hidden)
    module.exit_json(**result)


def warnings(result: dict) -> list[str]:
    """What a person should know although nothing failed."""
    found = [result["recovered"]] if result.get("recovered") else []
    if result.get("judged") is False:
        found.append(
            "This host has no Docker yet, so that Compose could not judge the declared services:"
            " the first run that finds it there will, before it touches anything."
        )
    return found


if __name__ == "__main__":
    main()
