# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spaces buckets: made, and their ACL, versioning, lifecycle and CORS compared. One that holds data is kept."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlsplit

from ansible.module_utils.basic import env_fallback

from .. import client
from ..account import Account, Reads, together
from ..client import LOOPBACK, ApiError, Reply
from ..declaration import complete_each, name_problems, slug_problems
from ..names import Names
from ..plan import CREATE, DELETE, NOOP, UPDATE, Change, Step, changed, created
from ..resource import BASE, Context, Resource
from ..s3 import S3, S3Error

REGIONS = ("ams3", "atl1", "blr1", "fra1", "lon1", "nyc3", "sfo2", "sfo3", "sgp1", "syd1", "tor1")
ENVIRONMENT = re.compile(r"(^|-)(production|staging|dev)(-|$)")
LONGEST_NAME = 63
LAG_SECONDS = 300.0  # until a new bucket is known everywhere
HOLDS_DATA = "it holds data. To delete it with them, set delete_data (provision_delete_data) to true."
LAGGING = ("NoSuchBucket", "OperationAborted", "NotFound")

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
        found += _access_problems(declared)
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


def _access_problems(declared: dict[str, Any]) -> list[str]:
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
    """The declared settings, in the form in which they are read. What is not declared is left as it is."""
    found = {name: bucket[name] for name in SETTINGS if bucket[name] is not None}
    if "lifecycle" in found:
        found["lifecycle"] = sorted(found["lifecycle"], key=lambda rule: rule["id"])
    if "cors" in found:
        lists = ("origins", "methods", "headers")
        found["cors"] = sorted(({**r, **{n: sorted(set(r[n])) for n in lists}} for r in found["cors"]), key=str)
    return found


def is_ours(bucket: str, names: Names) -> bool:
    """By its name: buckets have no tags. Another project's may begin like ours, shop-staging-dev-backups."""
    prefix = names.bucket("")
    return bucket.startswith(prefix) and not ENVIRONMENT.search(bucket.removeprefix(prefix))


def doomed(context: Context, account: Account) -> list[str]:
    """The buckets that go: with data in it one is kept, unless delete_data says otherwise."""
    return [name for name, data in account.get("buckets", {}).items() if context.declared["delete_data"] or not data]


class Buckets(Resource):
    kind = "bucket"
    phase = BASE
    arguments: ClassVar[dict[str, Any]] = {
        "spaces": {"type": "dict", "default": {}},
        "spaces_region": {"type": "str", "default": ""},
        "spaces_endpoint_url": {
            "type": "str",
            "default": "",
            "fallback": (env_fallback, ["SPACES_ENDPOINT_URL"]),
        },
        "spaces_access_key_id": {
            "type": "str",
            "default": "",
            "no_log": False,
            "fallback": (env_fallback, ["SPACES_ACCESS_KEY_ID"]),
        },
        "spaces_secret_access_key": {
            "type": "str",
            "default": "",
            "no_log": True,
            "fallback": (env_fallback, ["SPACES_SECRET_ACCESS_KEY"]),
        },
        "delete_data": {"type": "bool", "default": False},
    }

    @classmethod
    def complete(cls, declared: dict[str, Any], names: Names) -> list[str]:
        declared["spaces"], found = complete_each("spaces", declared["spaces"], SPEC)
        return found + problems(declared, names)

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        declared = context.declared
        self._all = {context.names.bucket(name): wanted(bucket) for name, bucket in declared["spaces"].items()}
        self._wanted = {} if context.is_absent else self._all

    @cached_property
    def _s3(self) -> S3:
        """Its requests count among the run's."""
        declared, transport = self.context.declared, client.https(self.context.declared["ca_path"])

        def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float) -> Reply:
            self.context.client.count()
            reply = transport(method, url, headers, body, timeout)
            self.context.client.count_write(method, reply.status)
            return reply

        return S3(
            endpoint(declared),
            declared["spaces_access_key_id"],
            declared["spaces_secret_access_key"],
            send,
            timeout=declared["timeout"],
            sleep=self.context.wait.sleep,
        )

    def reads(self) -> Reads:
        calls: Reads = {
            f"bucket {bucket}": lambda bucket=bucket, settings=settings: self._settings(bucket, settings)
            for bucket, settings in self._wanted.items()
        }
        if not _access_problems(self.context.declared):
            calls["buckets"] = self._surplus_buckets
        return calls

    def _settings(self, bucket: str, settings: dict[str, Any]) -> dict[str, Any] | None:
        """None when there is no such bucket."""
        try:
            found = together([lambda name=name: getattr(self._s3, name)(bucket) for name in settings])
        except S3Error as error:
            if error.code == "NoSuchBucket":
                return None
            if error.code == "AccessDenied":
                return {"foreign": True}
            raise
        return dict(zip(settings, found, strict=True))

    def _surplus_buckets(self) -> dict[str, bool]:
        """Whether each that is ours and not declared holds data. When nothing may be deleted, keys that open less are
        no reason to stop, nor is a Spaces that does not answer."""
        try:
            return self._look_for_surplus()
        except (S3Error, ApiError):
            if self.context.may_delete:
                raise
            return {}

    def _look_for_surplus(self) -> dict[str, bool]:
        names = [name for name in self._s3.buckets() if is_ours(name, self.context.names) and name not in self._wanted]
        return dict(zip(names, together([lambda name=name: self._s3.has_data(name) for name in names]), strict=True))

    def problems(self, account: Account) -> list[str]:
        return [
            f"spaces: the bucket {bucket} cannot be read with these keys (AccessDenied). Either it is somebody else's, "
            "since names are shared by all accounts: choose another; or the keys lack the grant for it."
            for bucket in self._wanted
            if (account[f"bucket {bucket}"] or {}).get("foreign")
        ]

    def steps(self, account: Account) -> list[Step]:
        return [self._step(bucket, settings, account[f"bucket {bucket}"]) for bucket, settings in self._wanted.items()]

    def _step(self, bucket: str, settings: dict[str, Any], current: dict[str, Any] | None) -> Step:
        if current is None:
            shown = {name: value for name, value in settings.items() if value != []}
            return Step(CREATE, "bucket", bucket, created(shown), lambda: self._create(bucket, settings))
        changes = changed(current, settings)
        if not changes:
            return Step(NOOP, "bucket", bucket)
        return Step(UPDATE, "bucket", bucket, changes, lambda: self._change(bucket, changes))

    def _create(self, bucket: str, settings: dict[str, Any]) -> None:
        self._patiently(lambda: self._s3.create(bucket, settings["acl"]))
        self._change(bucket, created({n: v for n, v in settings.items() if n != "acl" and v not in ([], False)}))

    def _change(self, bucket: str, changes: tuple[Change, ...]) -> None:
        """One by one: a store refuses two settings of a bucket at once (OperationAborted)."""
        for change in changes:
            put = getattr(self._s3, f"put_{change.field}")
            self._patiently(lambda put=put, value=change.after: put(bucket, value))

    def _patiently(self, call: Callable[[], None]) -> None:
        """A new bucket is not known everywhere at once."""
        wait = self.context.wait
        deadline = wait.clock() + LAG_SECONDS
        while True:
            try:
                return call()
            except S3Error as error:
                if error.code not in LAGGING or wait.clock() > deadline:
                    raise
            wait.sleep(2.0)

    def surplus(self, account: Account) -> list[Step]:
        gone = doomed(self.context, account)
        return [
            self._removal(bucket, data) if bucket in gone else self._removal(bucket, data).keep(HOLDS_DATA)
            for bucket, data in account.get("buckets", {}).items()
        ]

    def _removal(self, bucket: str, data: bool) -> Step:
        lost = (Change("data", "in it", None),) if data else ()
        return Step(DELETE, "bucket", bucket, lost, self._deletion(bucket, data))

    def _deletion(self, bucket: str, data: bool) -> Callable[[], None]:
        def delete() -> None:
            if data:
                self._s3.empty(bucket)
            try:
                self._s3.delete(bucket)
            except S3Error as error:
                if error.code != "NoSuchBucket":
                    raise

        return delete

    def outputs(self) -> dict[str, Any]:
        url = endpoint(self.context.declared)
        short = {self.context.names.bucket(name): name for name in self.context.declared["spaces"]}
        return {"spaces_buckets": {short[bucket]: f"{url}/{bucket}" for bucket in self._wanted}}
