# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.release import (
    BAD,
    GOOD,
    Manifest,
    choose_id,
    destructive_since,
    rollback_target,
    to_prune,
)


def manifest(id: str, live_at: float, state: str = GOOD, **more) -> Manifest:
    return Manifest(id, more.pop("source", id), more.pop("fingerprint", "f" * 8), state, live_at=live_at, **more)


def by_id(*manifests: Manifest) -> dict[str, Manifest]:
    return {m.id: m for m in sorted(manifests, key=lambda m: -m.live_at)}


def test_the_same_source_with_other_settings_is_another_release():
    first = manifest("tree-1", 1)
    assert choose_id("tree-1", "f" * 8, [first]) == "tree-1"
    assert choose_id("tree-1", "abcdef99", [first]) == "tree-1-abcdef"
    second = manifest("tree-1-abcdef", 2, source="tree-1", fingerprint="abcdef99")
    assert choose_id("tree-1", "abcdef99", [second, first]) == "tree-1-abcdef"
    assert choose_id("tree-1", "abcdef99", [second]) == "tree-1-abcdef", "also when the first is gone"


def test_a_release_that_is_built_once_more_has_a_number():
    first = Manifest("tree-1", "tree-1", "f" * 8)
    again = Manifest("tree-1-2", "tree-1", "f" * 8)
    assert choose_id("tree-1", "f" * 8, [], anew=True) == "tree-1"
    assert choose_id("tree-1", "f" * 8, [first], anew=True) == "tree-1-2"
    assert choose_id("tree-1", "f" * 8, [again, first], anew=True) == "tree-1-3"
    assert choose_id("tree-1", "f" * 8, [again, first]) == "tree-1-2", "what was live last is what is declared"


def test_a_rollback_goes_to_the_last_good_release():
    a, b, bad = manifest("a", 1), manifest("b", 2), manifest("c", 0, BAD, reason="it crashed")
    current = manifest("d", 3)
    releases = by_id(a, b, bad, current)
    assert rollback_target(releases, current).id == "b"
    assert rollback_target(releases, current, "a").id == "a"
    with pytest.raises(ValueError, match=r"Release c is bad \(it crashed\) and no target. Kept are: b, a"):
        rollback_target(releases, current, "c")
    with pytest.raises(ValueError, match="no release x on the server"):
        rollback_target(releases, current, "x")
    with pytest.raises(ValueError, match="live already"):
        rollback_target(releases, current, "d")
    with pytest.raises(ValueError, match="no earlier good release"):
        rollback_target(by_id(current, bad), current)


def test_what_later_releases_destroyed_is_named():
    a, b, c = manifest("a", 1), manifest("b", 2, destructive=["1.sql drops"]), manifest("c", 3)
    assert destructive_since(by_id(a, b, c), a) == ["b: 1.sql drops"]
    assert destructive_since(by_id(a, b, c), b) == []


def test_the_live_release_is_never_pruned_and_bad_ones_are_remembered_for_a_while():
    releases = by_id(*(manifest(f"r{n}", n) for n in range(5)), manifest("x", 0, BAD), manifest("y", 0, BAD))
    assert to_prune(releases, "r4", keep=3) == (["r1", "r0"], [])
    assert to_prune(releases, "r0", keep=1) == (["r4", "r3", "r2", "r1"], ["y"])
