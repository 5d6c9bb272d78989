# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.kinds.domain import Domain, problems
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.transport import Reply

from tests.unit.sandbox_api import SandboxApi, context


def domain(name: str = "example.com") -> dict:
    return {"name": name, "hosts": [], "target": "", "ttl": 300, "records": []}


@pytest.mark.parametrize("name", ["example.com", "staging.example.co.uk", "izzzi.test", "xn--mller-kva.de"])
def test_names_that_do(name):
    assert problems(name) == []


@pytest.mark.parametrize("name", ["", "example", "-a.com", "a..com", "a_b.com", "https://example.com", "1.2.3.4"])
def test_names_that_do_not(name):
    (problem,) = problems(name)
    assert problem.startswith("domain.name: ")


def test_case_and_last_dot_do_not_matter():
    assert context(domain=domain("Example.COM.")).declared["domain"]["name"] == "example.com"


def test_create_then_nothing():
    api = SandboxApi()
    for action in ("create", "noop"):
        noun = Domain(context(api, domain=domain()))
        account = {listing: read() for listing, read in noun.reads().items()}
        (step,) = noun.steps(account)
        assert step.action == action
        if step.apply:
            step.apply()
    assert api.writes == [("POST", "/domains", {"name": "example.com"})]


@pytest.mark.parametrize(
    ("zone_file", "asked"), [("@ IN A 192.0.2.1", 1), ("_izzzi.shop-staging IN TXT ...", 2), (None, 2)]
)
def test_without_prune_only_domains_with_our_register_are_looked_into(zone_file, asked):
    api = SandboxApi()
    api.make("domains", name="example.com")
    real = api.answer
    api.answer = lambda method, path, *more: listing if path == "/domains" else real(method, path, *more)
    listing = Reply(200, {}, json.dumps({"domains": [{"name": "example.com", "zone_file": zone_file}]}).encode())
    Domain(context(api)).reads()["zones"]()
    assert len(api.calls) == asked


def test_prune_looks_into_all_domains():
    api = SandboxApi()
    for name in ("example.com", "example.org"):
        api.make("domains", name=name)
    noun = Domain(context(api, prune=True))
    assert set(noun.reads()["zones"]()) == {"example.com", "example.org"}
    assert len(api.calls) == 3
