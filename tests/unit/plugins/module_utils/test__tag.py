from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils import _tag
from ansible_collections.izzzi.infra.plugins.module_utils._account import Account
from ansible_collections.izzzi.infra.plugins.module_utils._names import Names

from tests.unit.memory_api import MemoryApi

NAMES = Names("shop", "staging")


def account(*names: str) -> Account:
    return Account([], [{"name": name} for name in names], [], [], {})


def test_only_missing_tags_are_made_whatever_their_case():
    api = MemoryApi()
    steps = _tag.steps(["izzzi:shop:staging", "izzzi:shop:staging:web"], account("IZZZI:shop:staging"), api.client())
    assert [step.action for step in steps] == ["noop", "create"]
    steps[1].apply()
    assert api.calls == [("POST", "/tags", {"name": "izzzi:shop:staging:web"})]


def test_surplus_is_ours_only():
    api = MemoryApi()
    held = account("izzzi:shop:staging", "izzzi:shop:staging:old", "izzzi:shop:production:old", "old")
    (step,) = _tag.surplus(["izzzi:shop:staging"], NAMES, held, api.client())
    assert (step.action, step.name) == ("delete", "izzzi:shop:staging:old")
    step.apply()
    assert api.calls == [("DELETE", "/tags/izzzi:shop:staging:old", None)]
