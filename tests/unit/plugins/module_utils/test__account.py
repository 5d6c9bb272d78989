from __future__ import annotations

import threading

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._account import read_account, read_catalogue, together

from tests.unit.memory_api import FINGERPRINT, KEY, MemoryApi


def test_together_keeps_the_order_and_runs_side_by_side():
    barrier = threading.Barrier(3, timeout=5)  # passes only when all three are in it at once

    def call(value: int) -> int:
        barrier.wait()
        return value

    assert together([lambda n=n: call(n) for n in range(3)]) == [0, 1, 2]
    assert together([]) == []


def test_together_ends_all_before_it_raises():
    ended = []

    def fail() -> None:
        raise ValueError("first")

    with pytest.raises(ValueError, match="first"):
        together([fail, lambda: ended.append("second")])
    assert ended == ["second"]


def test_an_account_is_one_list_of_each_kind_and_one_question_for_each_key():
    api = MemoryApi()
    api.rows["account/keys"] = [{"name": "deploy", "public_key": KEY, "fingerprint": FINGERPRINT}]
    account = read_account(api.client(), [FINGERPRINT, "00:00"])
    assert account.keys == {FINGERPRINT: api.rows["account/keys"][0], "00:00": None}
    assert sorted(path for _, path, _ in api.calls) == [
        "/account/keys/00:00",
        f"/account/keys/{FINGERPRINT}",
        "/droplets",
        "/firewalls",
        "/tags",
        "/vpcs",
    ]


def test_the_catalogue_is_regions_sizes_and_images():
    catalogue = read_catalogue(MemoryApi().client())
    assert [row["slug"] for row in catalogue.regions] == ["fra1", "ams3"]
    assert (len(catalogue.sizes), len(catalogue.images)) == (2, 2)
