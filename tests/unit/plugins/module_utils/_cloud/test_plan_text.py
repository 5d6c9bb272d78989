# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._cloud.plan_text import plan_text

COST = {"before": 24.0, "after": 48.0}


def step(action: str, kind: str, name: str, *changes: tuple, delta: float = 0.0) -> dict:
    fields = [dict(zip(("field", "before", "after"), change, strict=True)) for change in changes]
    return {"action": action, "kind": kind, "name": name, "changes": fields, "monthly_cost_delta": delta}


def test_every_action_has_its_sign_and_every_field_its_line():
    steps = [
        step("noop", "vpc", "net"),
        step("create", "droplet", "app", ("size", None, "s-1vcpu-1gb"), ("backups", None, False), delta=24.0),
        step("update", "firewall", "web", ("inbound", ["tcp 22 from a", "tcp 80"], ["tcp 80", "tcp 443"])),
        step("replace", "droplet", "db", ("image", "debian-12-x64", "debian-13-x64")),
        step("delete", "tag", "old"),
    ]
    assert plan_text({"plan": steps, "monthly_cost": COST}) == "\n".join(
        [
            "Plan: 1 to create, 1 to change, 1 to replace, 1 to delete, 1 as declared.",
            "",
            "  + droplet app  (+24.00 USD a month)",
            "      size: s-1vcpu-1gb",
            "      backups: false",
            "  ~ firewall web",
            "      inbound: - tcp 22 from a; + tcp 443",
            "-/+ droplet db",
            "      image: debian-12-x64 -> debian-13-x64",
            "  - tag old",
            "",
            "Monthly cost: 24.00 USD now, 48.00 USD then (+24.00).",
        ]
    )


def test_an_empty_plan_says_so():
    text = plan_text({"plan": [step("noop", "vpc", "net")], "monthly_cost": {"before": 6, "after": 6}})
    assert text == "Nothing to do: 1 as declared.\n\nMonthly cost: 6.00 USD now, 6.00 USD then (+0.00)."


def test_what_is_kept_is_named_with_its_cost():
    kept = {**step("keep", "load_balancer", "lb"), "monthly_cost": 12.0, "reason": "it is not declared."}
    free = {**step("keep", "vpc", "net"), "monthly_cost": 0.0, "reason": "it is a default."}
    steps = [step("noop", "tag", "t"), kept, free]
    assert plan_text({"plan": steps, "monthly_cost": {"before": 18.0, "after": 18.0}}) == "\n".join(
        [
            "Nothing to change: 1 as declared, 2 kept at 12.00 USD a month.",
            "",
            "  ! load_balancer lb  (12.00 USD a month)",
            "      stays: it is not declared.",
            "  ! vpc net",
            "      stays: it is a default.",
            "",
            "Monthly cost: 18.00 USD now, 18.00 USD then (+0.00).",
        ]
    )
    text = plan_text({"plan": [step("create", "tag", "new"), *steps], "monthly_cost": COST})
    assert text.startswith("Plan: 1 to create, 1 as declared, 2 kept at 12.00 USD a month.")


def test_any_value_is_one_line():
    changes = [("cors", None, [{"origins": ["a", "b"], "age": None}]), ("text", None, "")]
    text = plan_text({"plan": [step("create", "space", "s", *changes)], "monthly_cost": COST})
    assert "cors: origins=a; b, age=none" in text
    assert "text: none" in text


def test_long_values_and_rules_are_wrapped():
    rules = [f"tcp {port} from 203.0.113.7/32, 198.51.100.0/24, 192.0.2.0/24" for port in (22, 80, 443)]
    steps = [
        step("create", "record", "txt", ("data", None, "word " * 40)),
        step("create", "key", "k", ("public_key", None, "A" * 200)),
        step("update", "firewall", "web", ("inbound", rules, [*rules[:1], "tcp 8443"])),
        step("create", "firewall", "new", ("inbound", None, rules)),
        {**step("replace", "droplet", "db"), "notes": ["lost: its disk with all data on it. " * 4]},
        {**step("keep", "volume", "v"), "monthly_cost": 1.0, "reason": "it may hold data, and so it stays. " * 4},
    ]
    for width in (60, 80, 120):
        text = plan_text({"plan": steps, "monthly_cost": COST}, width)
        lines = text.splitlines()
        assert max(map(len, lines)) <= width
        assert text.replace("\n", "").replace(" ", "").count("A" * 200) == 1
    assert f"      inbound:\n        - {rules[1]}\n        - {rules[2]}\n        + tcp 8443\n" in text
    assert f"      inbound:\n        {rules[0]}\n        {rules[1]}\n        {rules[2]}\n" in text
    assert "      lost: its disk" in text
    assert plan_text({"plan": steps, "monthly_cost": COST}, 1) == plan_text({"plan": steps, "monthly_cost": COST}, 40)


def test_what_a_target_leaves_out_is_named():
    left = [step("create", "volume", "data"), step("replace", "droplet", "d")]
    text = plan_text({"plan": [step("noop", "vpc", "net")], "monthly_cost": COST, "left_out": left})
    assert "\n\nLeft out by the target (2): + volume data; -/+ droplet d.\n\nMonthly cost" in text


def test_a_saved_plan_says_what_it_is():
    flags = {"target": ["droplet.app"], "prune": False, "allow_resize": True, "replace": []}
    saved = {"version": 1, "project": "shop", "environment": "staging", "made": "2026-11-29T10:00:00Z", "flags": flags}
    text = plan_text({**saved, "fingerprint": "f00", "plan": [], "left_out": [], "monthly_cost": COST})
    made = "Saved plan of shop-staging, made 2026-11-29T10:00:00Z, with target=droplet.app, allow_resize=true,"
    assert text.startswith(f"{made} fingerprint f00.\nNothing to do")
