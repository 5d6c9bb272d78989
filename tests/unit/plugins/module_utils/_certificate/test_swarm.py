# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
from contextlib import nullcontext

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.lock import LeaseError
from ansible_collections.izzzi.infra.plugins.module_utils._certificate import swarm as module
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.certificate import DAY, Certificate, placeholder
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.settings import Failure, Settings, Site
from ansible_collections.izzzi.infra.plugins.module_utils._certificate.swarm import SwarmPlace, needs_placeholder
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.engine import EngineError, NotFound, NotInSwarm
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.service import mark_of
from ansible_collections.izzzi.infra.plugins.module_utils._swarm.stack.api import Swarm

from tests.unit.plugins.module_utils._swarm.stack.fake_configs import Configs

NOW = 1_000_000_000.0
SETTINGS = Settings(
    {"shop": Site(["shop.example"])}, "swarm", "https://acme.example/dir", "ops@shop.example", project="shop"
)


class Engine:
    """Configs and secrets in memory; a service whose tasks run on one node as soon as it is there."""

    def __init__(self):
        self.kept = {"configs": Configs(), "secrets": Configs()}
        self.services: dict[str, dict] = {}
        self.used: set[str] = set()

    def _kind(self, path):
        return self.kept.get(path.split("/")[1])

    def get(self, path, filters=None, **query):
        if path.startswith("/services/"):
            if path.split("/")[2] not in self.services:
                raise NotFound(404, "none")
            return copy.deepcopy(self.services[path.split("/")[2]])
        if path == "/services":
            return copy.deepcopy(list(self.services.values()))
        if path == "/nodes":
            return [self._node()]
        if path == "/tasks":
            return [self._task(item) for item in self.services.values()]
        if path == "/networks":
            return []
        return self._kind(path).get(path.replace("secrets", "configs"), filters)

    def post(self, path, body=None, version=None, **_more):
        if path.startswith("/services/"):
            self.services[body["Name"]] = {"ID": body["Name"], "Version": {"Index": 1}, "Spec": copy.deepcopy(body)}
            return {"ID": body["Name"]}
        return self._kind(path).post(path.replace("secrets", "configs"), body, version=version)

    def delete(self, path):
        if path.split("/")[2] in self.used:
            raise EngineError(400, "secret is in use by the following service")
        if path.startswith("/services/"):
            del self.services[path.split("/")[2]]
        else:
            self._kind(path).delete(path.replace("secrets", "configs"))

    def _node(self):
        return {
            "ID": "n1",
            "Spec": {"Role": "manager", "Availability": "active"},
            "Status": {"State": "ready", "Addr": "10.0.0.2"},
            "Description": {"Hostname": "one"},
        }

    def _task(self, item):
        return {
            "ID": f"t-{mark_of(item['Spec'])}",
            "NodeID": "n1",
            "ServiceID": item["ID"],
            "CreatedAt": "1",
            "DesiredState": "running",
            "Status": {"State": "running", "Timestamp": "1"},
            "Spec": item["Spec"]["TaskTemplate"],
        }


@pytest.fixture
def engine():
    return Engine()


@pytest.fixture
def place(engine):
    return SwarmPlace(SETTINGS, Swarm(engine, "shop"))


def mounted(engine) -> list[str]:
    container = engine.services["shop_certificates"]["Spec"]["TaskTemplate"]["ContainerSpec"]
    return [item["SecretName"] for item in container["Secrets"]]


def test_a_certificate_is_a_secret_whose_labels_say_what_is_in_it(place, engine):
    assert place.current("shop") is None
    place.install("shop", placeholder(["shop.example"]))
    found = place.current("shop")
    assert (found.names, found.is_placeholder) == ({"shop.example"}, True)
    (item,) = place.secrets().values()
    assert item["Spec"]["Name"].startswith("shop_certificate_shop-")
    assert "PRIVATE" not in str(item["Spec"]["Labels"])


def test_the_newest_counts_and_the_former_goes_when_nobody_uses_it(place, engine):
    assert place.prepare("nginx:1", check=False) == ["a placeholder for shop", "what carries certificates to the nodes"]
    (first,) = mounted(engine)
    place.install("shop", placeholder(["shop.example", "www.shop.example"]))
    engine.used.add(place.swarm.objects("secrets")[first]["ID"])  # a task of before still stops
    assert place.carry()
    assert mounted(engine) != [first]
    assert len(place.swarm.objects("secrets")) == 2
    engine.used.clear()
    assert not place.carry(), "there is nothing new to carry"
    assert list(place.swarm.objects("secrets")) == mounted(engine)


def test_a_check_makes_nothing(place, engine):
    assert place.prepare("", check=True) == ["a placeholder for shop"]
    assert engine.services == {}
    assert place.swarm.objects("secrets") == place.swarm.objects("configs") == {}


def test_without_an_image_it_says_what_to_run(place):
    with pytest.raises(Failure, match=r"Run playbooks/deploy\.yml"):
        place.carry()


def test_all_managers_have_one_account_and_know_what_the_authority_said(place, engine):
    other = SwarmPlace(SETTINGS, Swarm(engine, "shop"))
    assert place._key() == other._key()
    place.hold("shop", NOW)
    assert other.held_until("shop") == NOW
    assert other.held_until("blog") == 0


def test_a_second_manager_waits_while_one_asks(place, engine, monkeypatch):
    monkeypatch.setattr(module, "WAIT", 0.0)
    other = SwarmPlace(SETTINGS, Swarm(engine, "shop"))
    with place.locked("certificates"):
        place.still_ours()
        with pytest.raises(LeaseError, match="has held the lock"), other.locked("certificates"):
            pass
    with other.locked("certificates"):
        pass


def test_a_manager_that_nobody_hears_gives_up_before_another_may_ask(engine):
    now = [0.0]
    place = SwarmPlace(SETTINGS, Swarm(engine, "shop"), clock=lambda: now[0])

    def renew():
        raise NotInSwarm(503, "no leader")

    place._renew = renew
    now[0] = 29
    place.still_ours()
    now[0] = 31
    with pytest.raises(LeaseError, match="another manager may ask"):
        place.still_ours()


def test_what_it_is_asked_for_comes_from_an_account_in_memory(place, monkeypatch, tmp_path):
    monkeypatch.setattr(module, "MEMORY", str(tmp_path))
    seen = {}

    def ask(settings, site, home, webroot, still_ours):
        (key,) = (home / "accounts").rglob("*.key")
        seen.update(key=key.read_text(), webroot=webroot.is_dir())
        return "PEM"

    monkeypatch.setattr(module, "ask", ask)
    assert place.obtain(Site(["shop.example"])) == "PEM"
    assert seen == {"key": place._key(), "webroot": True}
    assert list(tmp_path.iterdir()) == []


def test_nodes_that_serve_another_one_are_named(place, engine, monkeypatch):
    place.prepare("nginx:1", check=False)
    assert place.behind() == [], "there is no edge yet"
    edge = {"Name": "shop_edge", "Labels": {"izzzi.app": "shop", "izzzi.part": "edge"}, "Mode": {"Global": {}}}
    edge["TaskTemplate"] = {"ContainerSpec": {"Image": "nginx:1"}}
    engine.services["shop_edge"] = {"ID": "e", "Spec": edge}
    monkeypatch.setattr(module, "SPREAD", 0.0)
    monkeypatch.setattr(module, "served", lambda *_: b"another")
    assert place.behind() == ["one does not serve the certificate of shop yet."]
    leaf = place.current("shop").leaf
    monkeypatch.setattr(module, "fingerprint", lambda _der: leaf)
    assert place.behind() == []


def test_all_of_it_can_be_taken_away(place, engine):
    place.prepare("nginx:1", check=False)
    place.withdraw()
    assert engine.services == {}
    assert place.swarm.objects("secrets") == {}


@pytest.mark.parametrize(
    ("source", "certificate", "needed"),
    [
        ("acme", None, True),
        ("acme", Certificate(frozenset({"shop.example"}), 0, NOW + DAY), False),
        ("acme", Certificate(frozenset({"other.example"}), 0, NOW + DAY), False),
        ("acme", Certificate(frozenset({"other.example"}), 0, NOW + DAY, True), True),
        ("self-signed", Certificate(frozenset({"shop.example"}), 0, NOW + 99 * DAY, True), False),
        ("self-signed", Certificate(frozenset({"shop.example"}), 0, NOW + DAY, True), True),
        ("self-signed", Certificate(frozenset({"shop.example"}), 0, NOW + 99 * DAY), True),
    ],
)
def test_a_placeholder_comes_where_nothing_better_is(source, certificate, needed):
    assert needs_placeholder(Site(["shop.example"], source=source), certificate, NOW) is needed


def test_one_for_any_name_is_not_made_again():
    any_name = Certificate(frozenset({"localhost"}), 0, NOW + 99 * DAY, True)
    assert not needs_placeholder(Site(["_"], source="self-signed"), any_name, NOW)


def test_errors_of_the_swarm_are_told_and_fail(monkeypatch, capsys):
    def silent(*_):
        raise NotInSwarm(503, "The Swarm has no leader.")

    monkeypatch.setattr(SwarmPlace, "locked", lambda *_: nullcontext())
    monkeypatch.setattr(SwarmPlace, "current", silent)
    assert module.run(SETTINGS, module.Asked()) == 1
    assert capsys.readouterr().err == "The Swarm has no leader.\n"
