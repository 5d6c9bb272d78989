# SPDX-License-Identifier: GPL-3.0-or-later
"""A run is cut at every write, of a creation, a change and a removal: the next run finishes, without orphan or twin.

The client runs here and the API is the sandbox, over real HTTP. A killed process is a transport that raises what nobody
catches, from then on and in every thread; a lost reply is one that is thrown away after the work was done.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.client import ApiError, Client
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.declaration import complete
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.environment import Environment
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.resources import RESOURCES
from ansible_collections.izzzi.infra.plugins.module_utils._cloud.transport import Unreachable, https
from ansible_collections.izzzi.infra.plugins.modules.environment import ARGUMENT_SPEC

from .conftest import Sandbox, declaration, start, stop

MOST = 60  # writes of one run; more means that a cut never came


@pytest.fixture(scope="module")
def quick(tmp_path_factory):
    """A sandbox whose droplets take no time."""
    sandbox = start(tmp_path_factory.mktemp("quick"), IZZZI_SANDBOX_MEMORY_DELAY="0")
    yield sandbox
    stop(sandbox)


class Killed(BaseException):
    """Nothing catches it, as nothing catches a SIGKILL."""


class Cut:
    """A transport that does the first `writes` writes, and then something happens."""

    def __init__(self, writes: int, *, kills: bool) -> None:
        self.writes, self.kills, self.happened, self.done = writes, kills, False, 0
        self._send = https()

    def __call__(self, method, url, headers, body, timeout):
        if self.happened and self.kills:
            raise Killed
        if method == "GET":
            return self._send(method, url, headers, body, timeout)
        self.done += 1
        if self.done <= self.writes or self.happened:
            return self._send(method, url, headers, body, timeout)
        self.happened = True
        if self.kills:
            raise Killed
        self._send(method, url, headers, body, timeout)
        raise Unreachable("the reply got lost", sent=True)


def run(
    declared: dict[str, Any], transport: Callable[..., Any] | None = None, *, check: bool = False
) -> dict[str, Any]:
    """The module's work without its process; waiting is short, since the sandbox is quick."""
    checked = ArgumentSpecValidator(ARGUMENT_SPEC).validate(copy.deepcopy(declared))
    assert checked.error_messages == []
    done, problems = complete(checked.validated_parameters, RESOURCES)
    assert problems == []

    def sleep(seconds: float) -> None:
        time.sleep(min(seconds, 0.01))

    client = Client(done["api_url"], done["api_token"], transport or https(), sleep=sleep)
    environment = Environment(done, client, sleep=sleep)
    plan = environment.plan()
    if not check:
        environment.carry_out(plan)
    return environment.outcome(plan)


def shape(sandbox: Sandbox) -> dict[str, Any]:
    """The account without what differs between two accounts made alike: ids, addresses, times."""
    rules = ("inbound_rules", "outbound_rules", "tags", "droplet_ids")
    paths = [f"/v2/domains/{row['name']}/records?per_page=200" for row in sandbox.all("domains")]
    records = [sandbox.api("GET", path)["domain_records"] for path in paths]
    return {
        "vpcs": sorted((row["name"], row["ip_range"]) for row in sandbox.all("vpcs")),
        "keys": sorted(row["name"] for row in sandbox.all("account/keys")),
        "tags": sorted(row["name"] for row in sandbox.all("tags")),
        "firewalls": sorted((row["name"], str([row[field] for field in rules])) for row in sandbox.all("firewalls")),
        "droplets": sorted(
            (row["name"], row["size_slug"], row["status"], sorted(row["tags"]), sorted(row["features"]))
            for row in sandbox.all("droplets")
        ),
        "records": sorted((row["type"], row["name"]) for rows in records for row in rows),
        "projects": sorted(row["name"] for row in sandbox.all("projects")),
    }


def full(sandbox: Sandbox) -> dict[str, Any]:
    declared = declaration(sandbox.url, sandbox.token)
    return {**declared, "domain": {"name": "izzzi.test"}, "do_project": {}, "prune": True, "allow_resize": True}


def altered(declared: dict[str, Any]) -> dict[str, Any]:
    """Something of everything: grown, resized, tagged, backed up, a firewall gone, another changed, a record more."""
    declared = copy.deepcopy(declared)
    declared["vpc"]["description"] = "changed"
    declared["droplets"]["app"].update(size="s-1vcpu-2gb", groups=["edge"], backups=True)
    declared["droplets"]["db"] = {"count": 2, "size": "s-1vcpu-1gb", "image": "debian-13-x64"}
    del declared["firewalls"]["internal"]
    declared["firewalls"]["web"]["inbound"][0]["ports"] = "8443"
    declared["domain"] = {"name": "izzzi.test", "hosts": ["@", "api"], "records": [{"type": "TXT", "data": "new"}]}
    return declared


def scene(name: str, sandbox: Sandbox) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """What is declared before, and what the run that is cut declares."""
    declared = full(sandbox)
    return {
        "create": ([], declared),
        "change": ([declared], altered(declared)),
        "destroy": ([declared], {**declared, "state": "absent"}),
    }[name]


def prepare(sandbox: Sandbox, before: list[dict[str, Any]]) -> None:
    sandbox.reset()
    sandbox.api("POST", "/v2/vpcs", {"name": "default-fra1", "region": "fra1", "ip_range": "10.99.0.0/16"})
    for declared in before:
        run(declared)


@pytest.mark.parametrize("kills", [True, False], ids=["killed", "reply-lost"])
@pytest.mark.parametrize("name", ["create", "change", "destroy"])
def test_cut_at_every_write(quick: Sandbox, name, kills):
    before, declared = scene(name, quick)
    prepare(quick, before)
    run(declared)
    expected = shape(quick)
    for writes in range(MOST):
        prepare(quick, before)
        cut = Cut(writes, kills=kills)
        try:
            run(declared, cut)
        except (Killed, ApiError):
            assert cut.happened
        if not cut.happened:
            break
        run(declared)
        assert shape(quick) == expected, f"cut at write {writes}"
        assert not run(declared)["changed"], f"cut at write {writes}"
    assert 8 <= writes < MOST, "the cuts went through the whole run"
