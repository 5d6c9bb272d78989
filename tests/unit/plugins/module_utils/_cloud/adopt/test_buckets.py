# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt import buckets
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.adoption import Adoption
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.plan import Problems
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.s3 import S3Error

from tests.unit.sandbox_api import context

KEYS = {"spaces_access_key_id": "DO00", "spaces_secret_access_key": "s3cret"}
PLAIN: dict[str, Any] = {"acl": "private", "versioning": False, "lifecycle": [], "cors": []}
RULE = {"id": "old", "prefix": "", "enabled": True, "expire_days": 3, "expire_old_versions_days": None}
RULE["abort_uploads_days"] = None


class Store:
    """Spaces with these buckets; settings that are missing may not be read."""

    def __init__(self, **settings: dict[str, Any] | None) -> None:
        self.settings = {name.replace("_", "-"): one for name, one in settings.items()}

    def buckets(self) -> list[str]:
        return [*self.settings]

    def __getattr__(self, setting: str):
        def read(bucket: str):
            if self.settings[bucket] is None:
                raise S3Error("no", 403, "AccessDenied")
            return self.settings[bucket][setting]

        return read


def declared(monkeypatch, store: Store, **options: str) -> Adoption:
    adoption = Adoption()
    monkeypatch.setattr(buckets, "s3_of", lambda _context: store)
    buckets.declare(context(**{**KEYS, **options}), adoption)
    return adoption


def test_buckets_of_our_names_with_what_is_not_as_by_default(monkeypatch):
    odd = {**RULE, "expire_days": None}
    assets = {
        **PLAIN,
        "acl": "public-read",
        "cors": [{"origins": ["*"], "methods": ["GET"], "headers": [], "max_age": 0}],
    }
    store = Store(
        shop_staging_plain=PLAIN,
        shop_staging_kept={**PLAIN, "versioning": True, "lifecycle": [RULE]},
        shop_staging_odd={**PLAIN, "lifecycle": [odd], "cors": [{"origins": [], "methods": ["GET"]}]},
        shop_staging_assets=assets,
        shop_staging_dev_x=PLAIN,
        shop_production_x=PLAIN,
    )
    adoption = declared(monkeypatch, store)
    assert adoption.declared["spaces"] == {
        "plain": {},
        "kept": {"versioning": True, "lifecycle": [{"id": "old", "expire_days": 3}]},
        "odd": {},
        "assets": {"acl": "public-read", "cors": [{"origins": ["*"], "methods": ["GET"]}]},
    }
    assert adoption.todo == []


def test_a_bucket_that_cannot_be_declared_is_told(monkeypatch):
    store = Store(shop_staging_a=None, shop_staging_b={**PLAIN, "acl": "WRITE for AllUsers"})
    adoption = declared(monkeypatch, store)
    assert adoption.declared["spaces"] == {}
    first, second = adoption.todo
    assert "the bucket shop-staging-a is not declared and stays as it is: these Spaces keys may not read it" in first
    assert "its ACL is neither private nor public-read, but WRITE for AllUsers" in second


def test_what_becomes_of_terraforms_state_and_of_backups(monkeypatch):
    adoption = declared(monkeypatch, Store(shop_staging_terraform_state=PLAIN, shop_staging_backups=PLAIN))
    assert set(adoption.declared["spaces"]) == {"terraform-state", "backups"}
    assert "holds Terraform's state: it is declared, so that nothing deletes it" in adoption.assumed[0]
    assert "take provision_spaces_keys out" in adoption.todo[0]


def test_a_region_without_buckets_is_told(monkeypatch):
    adoption = declared(monkeypatch, Store(shop_production_x=PLAIN))
    assert "Spaces has no bucket shop-staging-NAME in fra1" in adoption.todo[0]


def test_without_keys_nobody_looks_and_with_half_of_them_it_is_an_error(monkeypatch):
    none = dict.fromkeys(KEYS, "")
    adoption = declared(monkeypatch, Store(shop_staging_a=PLAIN), **none)
    assert (adoption.declared, adoption.todo) == ({}, [buckets.NO_KEYS])
    with pytest.raises(Problems, match="spaces_secret_access_key: it is empty"):
        declared(monkeypatch, Store(), spaces_secret_access_key="")
