#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: http_health
short_description: Wait until an HTTP endpoint answers as asked
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - Asks a URL again and again until the answer is as asked (status, JSON values, body), several times in a row if
    wanted. When that does not happen in time, the module fails and says what it saw last.
  - The request goes straight to the server. Proxies of the environment are not used and redirects are not followed,
    since a redirect is an answer of its own.
  - It never changes anything.
options:
  url:
    description: The C(http://) or C(https://) URL to ask, without credentials.
    type: str
    required: true
  method:
    description: The request method. V(HEAD) has no body, so it is for O(status) only.
    type: str
    choices: [GET, HEAD]
    default: GET
  headers:
    description:
      - Request headers. Never logged.
      - Values of headers that carry credentials (C(Authorization), C(Cookie), C(X-Api-Key), ...) are masked in all
        output.
    type: dict
    default: {}
  connect_to:
    description:
      - Connect to this C(host:port) instead of the URL's. The URL's host stays in the C(Host) header and in the check
        of the certificate. So V(127.0.0.1:443) asks the local server for a public name.
    type: str
  status:
    description: The status codes that are right.
    type: list
    elements: int
    default: [200]
  json:
    description:
      - Values that the JSON body must have, by dotted path. C(checks.postgres) is a key within a key, C(items.0.name)
        an item of a list. Keys that have a dot themselves cannot be reached.
      - Values must be equal, of the same JSON type. C(true) is not 1 and not C("true").
    type: dict
    default: {}
  jmespath:
    description:
      - JMESPath expressions that must be true of the JSON body, such as C(length(nodes[?ready]) >= `3`). What is
        empty or null is false.
      - Needs the Python package C(jmespath) where the module runs.
    type: list
    elements: str
    default: []
  body_contains:
    description: A text that the body must contain.
    type: str
    default: ''
  body_matches:
    description: A Python regular expression that the body must match somewhere.
    type: str
    default: ''
  successes:
    description: How many right answers in a row are needed.
    type: int
    default: 1
  interval:
    description: Seconds between two requests.
    type: float
    default: 1.0
  request_timeout:
    description: Seconds for one request.
    type: float
    default: 5.0
  timeout:
    description: Seconds for all requests. The endpoint is asked once at least.
    type: float
    default: 60.0
  ca_path:
    description: A PEM file with the certificate authorities to trust instead of the system's.
    type: path
  validate_certs:
    description: Whether the certificate must be valid for the URL's host.
    type: bool
    default: true
requirements:
  - jmespath, when O(jmespath) is given
notes:
  - The first MiB of the body is read.
attributes:
  check_mode:
    support: full
    description: >-
      Asks once, waits for nothing and never fails for what it sees, because what a check run only announces need not
      be there yet. Look at RV(healthy).
  diff_mode:
    support: none
    description: There is nothing that could change.
"""

EXAMPLES = r"""
- name: Wait for the API and what it needs
  izzzi.infra.http_health:
    url: http://127.0.0.1:4000/api/health
    json:
      status: ok
      checks.postgres: up
      checks.redis: up
    successes: 3
    timeout: 120

- name: Wait until three nodes are ready and no queue is long
  izzzi.infra.http_health:
    url: https://app.example.com/api/health
    jmespath:
      - length(nodes[?state == 'ready']) >= `3`
      - max(queues[].waiting) < `100`
  delegate_to: localhost

- name: Prove at the local edge that the new release answers
  izzzi.infra.http_health:
    url: https://app.example.com/
    connect_to: 127.0.0.1:443
    body_contains: 20260105-0f2c9a41d7b3
"""

RETURN = r"""
healthy:
  description: Whether the endpoint answered as asked. Only in check mode can it be false without a failure.
  returned: always
  type: bool
  sample: true
unmet:
  description: What was not as asked, empty when all was.
  returned: always
  type: str
  sample: status 503 is not 200
status:
  description: The last answer's status code, 0 when there was no answer.
  returned: always
  type: int
  sample: 200
reason:
  description: The last answer's reason phrase.
  returned: always
  type: str
  sample: OK
body:
  description: The first 200 characters of the last answer's body, with secrets masked.
  returned: always
  type: str
  sample: '{"status":"ok","checks":{"postgres":"up","redis":"up"}}'
error:
  description: Why there was no answer, empty when there was one.
  returned: always
  type: str
  sample: Connection refused
tries:
  description: How many requests were made.
  returned: always
  type: int
  sample: 4
elapsed:
  description: Seconds from the first request to the end.
  returned: always
  type: float
  sample: 3.1
"""

import functools
import os
import re
import time

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._app import json_view
from ..module_utils._app.checks import Expectation, Report, wait
from ..module_utils._app.http import Request, parse_address
from ..module_utils._secrets.mask import SHORTEST_VALUE, is_secret_name, mask

ARGUMENT_SPEC = {
    "url": {"type": "str", "required": True},
    "method": {"type": "str", "choices": ["GET", "HEAD"], "default": "GET"},
    "headers": {"type": "dict", "default": {}, "no_log": True},
    "connect_to": {"type": "str"},
    "status": {"type": "list", "elements": "int", "default": [200]},
    "json": {"type": "dict", "default": {}},
    "jmespath": {"type": "list", "elements": "str", "default": []},
    "body_contains": {"type": "str", "default": ""},
    "body_matches": {"type": "str", "default": ""},
    "successes": {"type": "int", "default": 1},
    "interval": {"type": "float", "default": 1.0},
    "request_timeout": {"type": "float", "default": 5.0},
    "timeout": {"type": "float", "default": 60.0},
    "ca_path": {"type": "path"},
    "validate_certs": {"type": "bool", "default": True},
}


def check_arguments(params: dict, check_mode: bool) -> None:
    """Raises ValueError for what no waiting can mend."""
    for name in ("successes", "interval", "request_timeout", "timeout"):
        if params[name] <= 0:
            raise ValueError(f"{name}: {params[name]} is not greater than 0.")
    for expression in params["jmespath"]:
        if problem := json_view.expression_problem(expression):
            raise ValueError(f"jmespath {problem}.")
    try:
        re.compile(params["body_matches"])
    except re.error as error:
        raise ValueError(f"body_matches: {params['body_matches']!r} is not a regular expression: {error}.") from error
    if params["ca_path"] and not os.path.isfile(params["ca_path"]) and not check_mode:
        raise ValueError(f"ca_path: {params['ca_path']} is not a file on this host.")


def build_request(params: dict) -> Request:
    return Request(
        url=params["url"],
        method=params["method"],
        headers={name: str(value) for name, value in params["headers"].items()},
        connect_to=parse_address(params["connect_to"]) if params["connect_to"] else None,
        ca_path=params["ca_path"],
        validate_certs=params["validate_certs"],
    )


def build_expectation(params: dict) -> Expectation:
    wanted = params["jmespath"]
    judge = functools.partial(json_view.unmet, expressions=wanted) if wanted else None
    return Expectation(tuple(params["status"]), params["json"], params["body_contains"], params["body_matches"], judge)


def failure(url: str, report: Report, secrets: tuple[str, ...]) -> str:
    tries = "1 try" if report.tries == 1 else f"{report.tries} tries"
    return (
        f"{mask(url, secrets)} does not answer as asked: {mask(report.unmet, secrets)}. "
        f"Last seen: {report.answer.describe(secrets)}. Gave up after {tries} in {report.seconds:.1f} s."
    )


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    params = module.params
    secrets = tuple(str(value) for name, value in params["headers"].items() if is_secret_name(name))
    # Declared no_log so that no header is logged; but masking "https" or "json" in all output would garble it.
    module.no_log_values.clear()
    module.no_log_values.update(secret for secret in secrets if len(secret) >= SHORTEST_VALUE)
    try:
        check_arguments(params, module.check_mode)
        request = build_request(params)
    except ValueError as error:
        module.fail_json(msg=str(error))

    # Check mode: time for one request and no more.
    timeout = params["request_timeout"] if module.check_mode else params["timeout"]
    report = wait(
        lambda left: request.send(min(params["request_timeout"], left)),
        build_expectation(params),
        successes=1 if module.check_mode else params["successes"],
        interval=timeout if module.check_mode else params["interval"],
        timeout=timeout,
        clock=time.monotonic,
        sleep=time.sleep,
    )
    result = {
        "changed": False,
        "healthy": not report.unmet,
        "unmet": mask(report.unmet, secrets),
        "status": report.answer.status,
        "reason": report.answer.reason,
        "body": report.answer.excerpt(secrets),
        "error": mask(report.answer.error, secrets),
        "tries": report.tries,
        "elapsed": round(report.seconds, 3),
    }
    if report.unmet and not module.check_mode:
        module.fail_json(msg=failure(params["url"], report, secrets), **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
