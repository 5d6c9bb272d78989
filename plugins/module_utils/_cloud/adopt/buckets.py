# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spaces buckets of our names with their settings, as a declaration has them. Reads only."""

from __future__ import annotations

from typing import Any

from ..account import together
from ..kinds.space.declared import LIFECYCLE, access_problems
from ..kinds.space.space import STATE, is_ours, s3_of
from ..names import Names
from ..plan import Problems
from ..resource import Context
from ..s3 import S3, S3Error
from .adoption import NOTHING, Adoption

NO_KEYS = (
    "the buckets of Spaces were not looked for, since SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY are not set: "
    "none is declared, and none is touched. With them, write the inventory anew"
)
SETTINGS = ("acl", "versioning", "lifecycle", "cors")


def declare(context: Context, adoption: Adoption) -> None:
    """Declare the buckets of the region's Spaces. Raise Problems when the keys are refused."""
    declared, names = context.declared, context.names
    if not declared["spaces_access_key_id"] and not declared["spaces_secret_access_key"]:
        adoption.todo.append(NO_KEYS)
        return
    if found := access_problems(declared):
        raise Problems([*found, NOTHING])
    s3 = s3_of(context)
    buckets = [bucket for bucket in s3.buckets() if is_ours(bucket, names)]
    read = together([lambda bucket=bucket: _settings(s3, bucket) for bucket in buckets])
    spaces: dict[str, Any] = {}
    for bucket, settings in zip(buckets, read, strict=True):
        short = bucket.removeprefix(names.bucket(""))
        if why := _fault(settings):
            adoption.todo.append(f"the bucket {bucket} is not declared and stays as it is: {why}")
            continue
        spaces[short] = _declared(settings)
        adoption.found.append(f"bucket {bucket}")
    adoption.declared["spaces"] = spaces
    if not buckets:
        place = declared["spaces_region"] or declared["region"]
        adoption.todo.append(
            f"Spaces has no bucket {names.bucket('NAME')} in {place}; where they are in another region, give "
            "-e provision_spaces_region= and write the inventory anew"
        )
    _note(spaces, names, adoption)


def _settings(s3: S3, bucket: str) -> dict[str, Any]:
    try:
        return {name: getattr(s3, name)(bucket) for name in SETTINGS}
    except S3Error as error:
        if error.code not in ("AccessDenied", "NoSuchBucket"):
            raise
        return {"error": error.code}


def _fault(settings: dict[str, Any]) -> str:
    if "error" in settings:
        return f"these Spaces keys may not read it ({settings['error']})"
    if settings["acl"] not in ("private", "public-read"):
        return f"its ACL is neither private nor public-read, but {settings['acl']}"
    return ""


def _declared(settings: dict[str, Any]) -> dict[str, Any]:
    """Return what is not as by default. What a declaration cannot say is left out of it, and so is left as it is."""
    found: dict[str, Any] = {"acl": settings["acl"]} if settings["acl"] != "private" else {}
    found |= {"versioning": True} if settings["versioning"] else {}
    rules = settings["lifecycle"]
    days = [name for name in LIFECYCLE if name.endswith("_days")]
    if rules and all(rule["id"] and any(rule[name] for name in days) for rule in rules):
        found["lifecycle"] = [_rule(rule) for rule in rules]
    if settings["cors"] and all(rule["origins"] and rule["methods"] for rule in settings["cors"]):
        found["cors"] = [{key: value for key, value in rule.items() if value} for rule in settings["cors"]]
    return found


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    usual = {"prefix": "", "enabled": True}
    return {key: value for key, value in rule.items() if value is not None and usual.get(key) != value}


def _note(spaces: dict[str, Any], names: Names, adoption: Adoption) -> None:
    if STATE in spaces:
        adoption.assumed.append(
            f"{names.bucket(STATE)} holds Terraform's state: it is declared, so that nothing deletes it "
            "(docs/from-terraform.md says what becomes of it)"
        )
    if "backups" in spaces:
        adoption.todo.append(
            f"the app's data is not backed up into {names.bucket('backups')} yet: take provision_spaces_keys out of "
            "environment.yml, and the next provision.yml makes the key for that"
        )
