# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.space import space
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.names import Names
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.s3 import S3Error

from tests.unit.sandbox_api import context, declaration

NAMES = Names("shop", "staging")
KEYS = {"spaces_access_key_id": "id", "spaces_secret_access_key": "secret"}


def problems(spaces: dict, **changes) -> list[str]:
    return space.Buckets.complete(declaration(spaces=spaces, **{**KEYS, **changes}), NAMES)


def test_what_does():
    assert problems({"backups": {"versioning": True, "lifecycle": [{"id": "a", "expire_days": 1}]}, "assets": {}}) == []
    assert problems({}, spaces_access_key_id="", spaces_endpoint_url="ftp://x") == [], "nobody will be asked"


@pytest.mark.parametrize(
    ("spaces", "changes", "words"),
    [
        ({"Backups": {}}, {}, "spaces.Backups: 'Backups' is not a name"),
        ({"dev-backups": {}}, {}, "the name of an environment in it"),
        ({"b" * 32: {}}, {"project": "p" * 32}, ""),
        ({"b": {"acl": "public"}}, {}, "spaces.b: value of acl must be one of"),
        ({"b": {"lifecycle": [{"id": "a"}]}}, {}, "it does nothing"),
        ({"b": {"lifecycle": [{"id": "a", "expire_days": 0}]}}, {}, "less than one day"),
        ({"b": {"lifecycle": [{"id": "a", "expire_days": 1}] * 2}}, {}, "twice"),
        ({"b": {"cors": [{"origins": []}]}}, {}, "needs an origin"),
        ({"b": {}}, {"spaces_secret_access_key": ""}, "SPACES_SECRET_ACCESS_KEY"),
        ({"b": {}}, {"region": "nyc1"}, "not to be had in 'nyc1'"),
        ({"b": {}}, {"spaces_endpoint_url": "http://192.0.2.1"}, "is not encrypted"),
        ({"b": {}}, {"spaces_endpoint_url": "spaces"}, "is not an http:// or https:// URL"),
    ],
)
def test_bad_input_is_named(spaces, changes, words):
    if words:
        (problem,) = problems(spaces, **changes)
        assert words in problem
    else:
        assert (
            "longer than 63"
            in space.Buckets.complete(declaration(spaces=spaces, **KEYS), Names("p" * 32, "staging"))[0]
        )


@pytest.mark.parametrize(
    ("bucket", "ours"),
    [
        ("shop-staging-backups", True),
        ("shop-staging-terraform-state", True),
        ("shop-staging", False),
        ("shop-production-backups", False),
        ("shop-staging-dev-backups", False),
        ("shop-staging-x-dev-backups", False),
    ],
)
def test_whose_a_bucket_is(bucket, ours):
    """The last two are those of the projects shop-staging and shop-staging-x."""
    assert space.is_ours(bucket, NAMES) is ours


def test_no_bucket_no_request():
    assert space.Buckets(context()).reads() == {}
    assert space.Buckets(context(state="absent")).reads() == {}, "without keys nobody can be asked"


@pytest.mark.parametrize(("data", "told", "goes"), [(False, False, True), (True, False, False), (True, True, True)])
def test_a_bucket_with_data_is_kept_unless_told(data, told, goes):
    buckets = space.Buckets(context(state="absent", delete_data=told, **KEYS))
    (step,) = buckets.surplus({"buckets": {"shop-staging-b": data}})
    assert step.action == ("delete" if goes else "keep")


class Lagging:
    """A store in which a new bucket is not known everywhere yet."""

    def __init__(self, misses: int, code: str = "NoSuchBucket") -> None:
        self.misses, self.code, self.done = misses, code, []

    def create(self, bucket: str, acl: str) -> None:
        self.done.append(("create", acl))

    def put_versioning(self, bucket: str, enabled: bool) -> None:
        if self.misses:
            self.misses -= 1
            raise S3Error("late", 404, self.code)
        self.done.append(("versioning", enabled))


def test_a_store_that_lags_behind_is_waited_for():
    buckets = space.Buckets(context(spaces={"b": {"versioning": True, "cors": []}}, **KEYS))
    store = buckets._s3 = Lagging(5)
    (step,) = buckets.steps({"bucket shop-staging-b": None})
    assert [change.field for change in step.changes] == ["acl", "versioning"]
    step.apply()
    assert store.done == [("create", "private"), ("versioning", True)]


def test_other_errors_are_not_waited_for():
    buckets = space.Buckets(context(spaces={"b": {"versioning": True}}, **KEYS))
    buckets._s3 = Lagging(1, "MalformedXML")
    (step,) = buckets.steps({"bucket shop-staging-b": {"acl": "private", "versioning": False}})
    with pytest.raises(ApiError, match="late"):
        step.apply()


def test_a_name_that_is_taken_is_told_before_anything_is_made():
    buckets = space.Buckets(context(spaces={"b": {}}, **KEYS))
    (problem,) = buckets.problems({"bucket shop-staging-b": {"foreign": True}})
    assert "somebody else's" in problem
