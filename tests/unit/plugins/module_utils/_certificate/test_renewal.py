# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._certificate import renewal
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.certificate import DAY, Certificate
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.renewal import Asked, Renewal, worst
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.settings import Failure, Settings, Site

NOW = 1_000_000_000.0


class Place:
    """Certificates in memory; `answer` is what the authority gives, or why it gives none."""

    def __init__(self, certificate=None, answer="PEM", names=("shop.example",), **more):
        self.settings = Settings({"shop": Site(list(names), **more)}, directory="https://acme.example/dir")
        self.certificate, self.answer = certificate, answer
        self.held: dict[str, float] = {}
        self.log: list[str] = []

    def current(self, name):
        return self.certificate

    def held_until(self, name):
        return self.held.get(name, 0.0)

    def hold(self, name, until):
        self.held[name] = until

    def check_names(self, site):
        self.log.append("check")

    def obtain(self, site):
        self.log.append("ask")
        if isinstance(self.answer, Failure):
            raise self.answer
        return self.answer

    def install(self, name, pem):
        self.log.append(f"install {pem}")


@pytest.fixture(autouse=True)
def pairs_fit(monkeypatch):
    monkeypatch.setattr(renewal, "check_pair", lambda pem, names: None)


def valid(days: float) -> Certificate:
    return Certificate(frozenset({"shop.example"}), NOW - (90 - days) * DAY, NOW + days * DAY)


def run(place: Place, now: float = NOW, **asked) -> tuple[int, list[str], list[str]]:
    said, complained = [], []
    status = Renewal(place, Asked(**asked), lambda: now, said.append, complained.append).all()
    return status, said, complained


def test_a_missing_one_is_asked_for_and_installed():
    place = Place()
    assert run(place) == (0, ["issued shop: it has none yet"], [])
    assert place.log == ["check", "ask", "install PEM"]


def test_a_good_one_is_left_alone_unless_a_new_one_is_asked_for():
    place = Place(valid(80))
    assert run(place) == (0, [], [])
    assert run(place, renew=True)[1] == ["issued shop: it was asked for"]


def test_a_check_asks_nobody():
    place = Place()
    said = "would ask https://acme.example/dir for a certificate of shop: it has none yet"
    assert run(place, check=True) == (0, [said], [])
    assert place.log == []


def test_one_that_cannot_be_renewed_goes_on():
    status, _said, complained = run(Place(valid(10), Failure("It is away.")))
    assert status == 75
    assert complained == [
        "shop: no new certificate (it ends in 10.0 days). It is away. The present certificate goes on."
    ]


def test_a_site_without_any_is_worse():
    status, _said, complained = run(Place(None, Failure("It is away.")))
    assert status == 1
    assert complained[0].endswith("nginx serves a certificate that browsers refuse.")


def test_an_authority_that_limits_the_rate_is_not_asked_for_an_hour():
    place = Place(None, Failure("https://acme.example/dir limits the rate: too many"))
    run(place)
    assert place.held == {"shop": NOW + 3600}
    place.log.clear()
    complained = run(place, NOW + 60)[2]
    assert "it is not asked again for 59 minutes. To ask now: izzzi-certificate --force" in complained[0]
    assert place.log == []
    run(place, NOW + 60, force=True)
    assert place.log == ["check", "ask"]


def test_those_that_are_signed_by_themselves_are_not_asked_for():
    assert run(Place(source="self-signed")) == (0, [], [])


def test_the_worst_counts():
    assert [worst(found) for found in ([], [0, 0], [0, 75], [75, 1, 0])] == [0, 0, 75, 1]
