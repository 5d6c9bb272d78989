#!/usr/bin/python
# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: bucket_copy
short_description: Copy what is new in a bucket to another one, and never overwrite or delete there
version_added: 0.1.0
author: The izzzi.infra maintainers (@izzzi)
description:
  - For backups. A server has a key for its own bucket; somebody else, with another key, copies that into a second one.
    Whoever breaks into the server does not reach what was copied.
  - Objects are copied inside the storage, so that both buckets are in one region. One that has another content than
    when it was copied fails the module, after all new ones were copied. Files of backups never change, so that this is
    damage, or somebody's attack.
options:
  endpoint_url:
    description: The address of Spaces in the region, such as V(https://fra1.digitaloceanspaces.com).
    type: str
    required: true
  access_key:
    description: The id of a key that may read O(source) and write into O(target).
    type: str
    required: true
  secret_key:
    description: Its secret.
    type: str
    required: true
  source:
    description: The bucket to copy from.
    type: str
    required: true
  target:
    description: The bucket to copy into.
    type: str
    required: true
  prefix:
    description: Only objects whose names begin so.
    type: str
    default: ''
  exclude:
    description: Objects with one of these texts in their names do not count.
    type: list
    elements: str
    default: [/locks/]
  timeout:
    description: Seconds for each request.
    type: int
    default: 120
attributes:
  check_mode:
    support: full
    description: Says how many objects would be copied, and fails like a real run.
"""

EXAMPLES = r"""
- name: Copy backups to where the server cannot reach them
  izzzi.infra.bucket_copy:
    endpoint_url: https://fra1.digitaloceanspaces.com
    access_key: "{{ vault_copy_access_key }}"
    secret_key: "{{ vault_copy_secret_key }}"
    source: izzzi-production-backups
    target: izzzi-production-copies
"""

RETURN = r"""
copied:
  description: How many objects were copied, or would be.
  returned: success
  type: int
bytes:
  description: Their size.
  returned: success
  type: int
there:
  description: How many objects the second bucket has now.
  returned: success
  type: int
different:
  description: Names of objects that have another content now than when they were copied.
  returned: on failure
  type: list
  elements: str
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils._cloud import transport
from ..module_utils._cloud.bucket_copy import compare, copy, listing
from ..module_utils._cloud.client import ApiError
from ..module_utils._cloud.s3 import S3

ARGUMENT_SPEC = {
    "endpoint_url": {"type": "str", "required": True},
    "access_key": {"type": "str", "required": True, "no_log": False},
    "secret_key": {"type": "str", "required": True, "no_log": True},
    "source": {"type": "str", "required": True},
    "target": {"type": "str", "required": True},
    "prefix": {"type": "str", "default": ""},
    "exclude": {"type": "list", "elements": "str", "default": ["/locks/"]},
    "timeout": {"type": "int", "default": 120},
}


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    p = module.params
    keys = (p["access_key"], p["secret_key"])
    request = S3(p["endpoint_url"], *keys, transport.https(""), timeout=p["timeout"]).request
    try:
        there = listing(request, p["target"], p["prefix"])
        new, different = compare(listing(request, p["source"], p["prefix"]), there, p["exclude"])
        copied = len(new) if module.check_mode else copy(request, p["source"], p["target"], new)
    except ApiError as error:
        module.fail_json(msg=str(error))
    if different:
        module.fail_json(
            msg=f"{len(different)} objects of {p['source']} have another content now than when they were copied to "
            f"{p['target']}: {', '.join(different[:5])}. Files of backups never change: this is damage, or somebody "
            f"has overwritten them. {p['target']} still has them as they were; {copied} new ones were copied.",
            different=different,
        )
    size = sum(item.size for item in new)
    module.exit_json(changed=bool(new), copied=copied, bytes=size, there=len(there) + copied)


if __name__ == "__main__":
    main()
