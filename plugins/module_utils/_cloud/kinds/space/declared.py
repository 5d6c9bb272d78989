# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Spaces buckets are declared, with which settings, and what is wrong with them. Pure."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from ...declaration import name_problems, slug_problems
from ...names import Names
from ...transport import LOOPBACK

REGIONS = ("ams3", "atl1", "blr1", "fra1", "lon1", "nyc3", "sfo2", "sfo3", "sgp1", "syd1", "tor1")
ENVIRONMENT = re.compile(r"(^|-)(production|staging|dev)(-|$)")
LONGEST_NAME = 63

DAYS = {"type": "int"}
LIFECYCLE = {
    "id": {"type": "str", "required": True},
    "prefix": {"type": "str", "default": ""},
    "enabled": {"type": "bool", "default": True},
    "expire_days": DAYS,
    "expire_old_versions_days": DAYS,
    "abort_uploads_days": DAYS,
}
CORS = {
    "origins": {"type": "list", "elements": "str", "required": True},
    "methods": {
        "type": "list",
        "elements": "str",
        "default": ["GET"],
        "choices": ["GET", "PUT", "POST", "DELETE", "HEAD"],
    },
    "headers": {"type": "list", "elements": "str", "default": []},
    "max_age": {"type": "int", "default": 0},
}
SPEC = {
    "acl": {"type": "str", "choices": ["private", "public-read"], "default": "private"},
    "versioning": {"type": "bool"},
    "lifecycle": {"type": "list", "elements": "dict", "options": LIFECYCLE},
    "cors": {"type": "list", "elements": "dict", "options": CORS},
}
SETTINGS = ("acl", "versioning", "lifecycle", "cors")


def problems(declared: dict[str, Any], names: Names) -> list[str]:
    found = []
    for name, bucket in declared["spaces"].items():
        where = f"spaces.{name}"
        found += name_problems(where, name)
        if ENVIRONMENT.search(name):
            found.append(f"{where}: the name of an environment in it would make the bucket look like that one's.")
        if len(names.bucket(name)) > LONGEST_NAME:
            found.append(f"{where}: {names.bucket(name)} is longer than {LONGEST_NAME} characters.")
        found += _rule_problems(where, bucket)
    if declared["spaces"]:
        found += access_problems(declared)
    return found


def _rule_problems(where: str, bucket: dict[str, Any]) -> list[str]:
    found, ids = [], set()
    for index, rule in enumerate(bucket["lifecycle"] or []):
        days = [rule[name] for name in LIFECYCLE if name.endswith("_days") and rule[name] is not None]
        if not days:
            found.append(f"{where}.lifecycle[{index}]: it does nothing. Give expire_days or another number of days.")
        if any(number < 1 for number in days):
            found.append(f"{where}.lifecycle[{index}]: less than one day.")
        if rule["id"] in ids:
            found.append(f"{where}.lifecycle[{index}]: the id {rule['id']} is there twice.")
        ids.add(rule["id"])
    for index, rule in enumerate(bucket["cors"] or []):
        if not rule["origins"] or not rule["methods"]:
            found.append(f"{where}.cors[{index}]: it needs an origin and a method.")
    return found


def access_problems(declared: dict[str, Any]) -> list[str]:
    found = [
        f"{option}: it is empty. Spaces has keys of its own, made in the control panel under Spaces Object Storage. "
        f"Set provision_{option}, or the variable {option.upper()} it comes from."
        for option in ("spaces_access_key_id", "spaces_secret_access_key")
        if not declared[option]
    ]
    url, region = declared["spaces_endpoint_url"], declared["spaces_region"] or declared["region"]
    found += slug_problems("spaces_region", declared["spaces_region"])
    if not url and region.lower() not in REGIONS:
        found.append(f"spaces_region: Spaces is not to be had in {region!r}. There are: {', '.join(REGIONS)}.")
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.hostname):
        found.append(f"spaces_endpoint_url: {url!r} is not an http:// or https:// URL.")
    elif parts.scheme == "http" and parts.hostname not in LOOPBACK:
        found.append(f"spaces_endpoint_url: {url} is not encrypted. Use https://; http:// is for this machine only.")
    return found


def endpoint(declared: dict[str, Any]) -> str:
    region = declared["spaces_region"] or declared["region"]
    return declared["spaces_endpoint_url"] or f"https://{region}.digitaloceanspaces.com"


def wanted(bucket: dict[str, Any]) -> dict[str, Any]:
    """Return the declared settings in the form in which they are read. What is not declared is left as it is."""
    found = {name: bucket[name] for name in SETTINGS if bucket[name] is not None}
    if "lifecycle" in found:
        found["lifecycle"] = sorted(found["lifecycle"], key=lambda rule: rule["id"])
    if "cors" in found:
        lists = ("origins", "methods", "headers")
        found["cors"] = sorted(({**r, **{n: sorted(set(r[n])) for n in lists}} for r in found["cors"]), key=str)
    return found
