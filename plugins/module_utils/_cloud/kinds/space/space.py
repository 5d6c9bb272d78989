# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spaces buckets: made, and their ACL, versioning, lifecycle and CORS compared. One that holds data is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar

from ansible.module_utils.basic import env_fallback

from ... import transport
from ...account import Account, Reads, together
from ...client import ApiError
from ...declaration import complete_each
from ...names import Names
from ...plan import CREATE, DELETE, NOOP, UPDATE, Change, Step, changed, created
from ...resource import BASE, Context, Resource
from ...s3 import S3, S3Error
from ...transport import Reply
from .declared import ENVIRONMENT, SPEC, access_problems, endpoint, problems, wanted

LAG_SECONDS = 300.0  # until a new bucket is known everywhere
STATE = "terraform-state"  # the last part of that bucket's name in the guide
HOLDS_STATE = "it holds Terraform's state, which nothing else has. Delete it by hand when nobody needs that any more."
HOLDS_DATA = "it holds data. To delete it with them, set delete_data (provision_delete_data) to true."
LAGGING = ("NoSuchBucket", "OperationAborted", "NotFound")


def is_ours(bucket: str, names: Names) -> bool:
    """Whether the name is the environment's; buckets have no tags. Another project's name may begin with ours
    (shop-staging-dev-backups)."""
    prefix = names.bucket("")
    return bucket.startswith(prefix) and not ENVIRONMENT.search(bucket.removeprefix(prefix))


def holds_state(context: Context, bucket: str) -> bool:
    """Whether the bucket is the one of Terraform's state, and the environment stays."""
    return not context.is_absent and bucket == context.names.bucket(STATE)


def doomed(context: Context, account: Account) -> list[str]:
    """Return the buckets to delete: those without data, and with delete_data all. Terraform's state goes with the whole
    environment only: whoever prunes thinks of what they have declared themselves."""
    may_lose = context.declared["delete_data"]
    there = account.get("buckets", {})
    return [name for name, data in there.items() if not data or (may_lose and not holds_state(context, name))]


def s3_of(context: Context) -> S3:
    """Return the client of Spaces, whose requests count among the run's."""
    declared = context.declared
    real = transport.https(declared["ca_path"])

    def send(method: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: float) -> Reply:
        context.client.count()
        reply = real(method, url, headers, body, timeout)
        context.client.count_write(method, reply.status)
        return reply

    keys = (declared["spaces_access_key_id"], declared["spaces_secret_access_key"])
    return S3(endpoint(declared), *keys, send, timeout=declared["timeout"], sleep=context.wait.sleep)


class Buckets(Resource):
    kind = "bucket"
    phase = BASE
    urn_noun, urn_key = "space", ""
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
        buckets = {} if context.is_absent else declared["spaces"]
        self._wanted = {context.names.bucket(name): wanted(bucket) for name, bucket in buckets.items()}

    @cached_property
    def _s3(self) -> S3:
        return s3_of(self.context)

    def reads(self) -> Reads:
        calls: Reads = {
            f"bucket {bucket}": lambda bucket=bucket, settings=settings: self._settings(bucket, settings)
            for bucket, settings in self._wanted.items()
        }
        if not access_problems(self.context.declared):
            calls["buckets"] = self._surplus_buckets
        return calls

    def _settings(self, bucket: str, settings: dict[str, Any]) -> dict[str, Any] | None:
        """Return a bucket's settings; None if it does not exist."""
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
        """Set one after the other: a store refuses two settings of a bucket at once (OperationAborted)."""
        for change in changes:
            put = getattr(self._s3, f"put_{change.field}")
            self._patiently(lambda put=put, value=change.after: put(bucket, value))

    def _patiently(self, call: Callable[[], None]) -> None:
        """Repeat a request while the store does not know a new bucket everywhere."""
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
        gone, there = doomed(self.context, account), account.get("buckets", {})
        kept = {bucket: HOLDS_STATE if holds_state(self.context, bucket) else HOLDS_DATA for bucket in there}
        return [
            self._removal(bucket, data) if bucket in gone else self._removal(bucket, data).keep(kept[bucket])
            for bucket, data in there.items()
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

    def members(self, account: Account) -> list[str]:
        return list(self._wanted)

    def urns(self, account: Account) -> list[str]:
        return [self.urn_of(name) for name in doomed(self.context, account)]

    def outputs(self) -> dict[str, Any]:
        url = endpoint(self.context.declared)
        short = {self.context.names.bucket(name): name for name in self.context.declared["spaces"]}
        return {"spaces_buckets": {short[bucket]: f"{url}/{bucket}" for bucket in self._wanted}}
