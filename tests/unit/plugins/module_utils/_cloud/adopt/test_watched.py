# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.adoption import Adoption
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.adopt.watched import declare_alerts, declare_checks

from tests.unit.adopted import droplet, ours
from tests.unit.sandbox_api import OWNER

HOOK = "https://hooks.slack.com/services/secret"


def alert(description: str, **fields) -> dict:
    made = {"type": "v1/insights/droplet/cpu", "compare": "GreaterThan", "value": 90, "window": "5m", "enabled": True}
    heard = {"email": ["ops@shop.test"], "slack": []}
    return {**made, "description": description, "tags": [], "entities": ["1"], "alerts": heard, **fields}


def alerts(*rows: dict, features: tuple[str, ...] = ("monitoring",)) -> Adoption:
    adoption = Adoption()
    declare_alerts(ours(droplet(1, "app", "team:a", features=[*features]), alerts=list(rows)), adoption)
    return adoption


def test_alerts_of_our_names():
    second = alert("shop-staging disk", compare="LessThan", window="1h", enabled=False, tags=[f"{OWNER}:web"])
    assert alerts(alert("shop-staging cpu"), second, alert("others", entities=["9"])).declared["alerts"] == {
        "cpu": {"type": "cpu", "value": 90.0, "emails": ["ops@shop.test"]},
        "disk": {
            "type": "cpu", "value": 90.0, "emails": ["ops@shop.test"], "compare": "LessThan", "window": "1h",
            "enabled": False, "group": "web",
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (alert("CPU is running high"), "it is not named shop-staging NAME"),
        (alert("tagged", entities=[], tags=["team:a"]), "it is not named shop-staging NAME"),
        (
            alert("shop-staging cpu", alerts={"email": ["a@b"], "slack": [{"channel": "#a", "url": HOOK}]}),
            "is a secret",
        ),
        (alert("shop-staging cpu", alerts={}), "nobody hears of it"),
        (alert("shop-staging cpu", type="v1/insights/lbaas/x"), "no alerts of the type v1/insights/lbaas/x"),
    ],
)
def test_an_alert_that_is_not_declared_is_told(row, words):
    adoption = alerts(row)
    assert adoption.declared["alerts"] == {}
    assert words in adoption.todo[0]
    assert HOOK not in adoption.todo[0]


def test_alerts_need_the_agent():
    assert "monitoring agent" in alerts(alert("shop-staging cpu"), features=()).todo[0]
    assert "there is another of that name" in alerts(alert("shop-staging cpu"), alert("shop-staging cpu")).todo[0]


def check(name: str, target: str = "https://shop.test", **fields) -> dict:
    return {"id": name, "name": name, "target": target, "type": "https", "regions": [], "enabled": True, **fields}


def checks(*rows: dict, **more: list[dict]) -> Adoption:
    adoption = Adoption(declared={"domain": {"name": "shop.test"}})
    declare_checks(ours(droplet(1, "app"), uptime_checks=list(rows)), more, adoption)
    return adoption


def test_uptime_checks_of_our_names():
    told = {"notifications": {"email": ["ops@shop.test"], "slack": []}, "period": "2m"}
    slow = {"name": "izzzi shop-staging site slow", "type": "latency", "threshold": 900, **told}
    mine = check("izzzi shop-staging site", regions=["us_east", "us_west", "eu_west", "se_asia"], enabled=False)
    found = checks(mine, **{mine["id"]: [slow, {**slow, "name": "by hand"}]}).declared["uptime_checks"]
    assert found == {
        "site": {
            "target": "https://shop.test",
            "enabled": False,
            "emails": ["ops@shop.test"],
            "alerts": {"slow": {"type": "latency", "threshold": 900, "period": "2m"}},
        }
    }
    hooked = {**slow, "notifications": {"slack": [{"channel": "#a", "url": HOOK}]}}
    adoption = checks(mine, **{mine["id"]: [hooked]})
    assert "is a secret" in adoption.todo[0]
    assert HOOK not in adoption.todo[0]


def test_a_check_of_what_is_ours_is_told():
    adoption = checks(
        check("a", "https://www.shop.test"), check("b", "203.0.113.1", type="ping"), check("c", "https://b.test")
    )
    assert adoption.declared["uptime_checks"] == {}
    assert [row.split(" of ")[0] for row in adoption.todo] == ["the uptime check a", "the uptime check b"]
