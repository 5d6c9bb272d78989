# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.module_utils._init.frameworks import NODE, Part
from ansible_collections.izzzi.infra.plugins.module_utils._init.model import App, Service
from ansible_collections.izzzi.infra.plugins.module_utils._init.routes import set_checks, set_locations, set_ports
from ansible_collections.izzzi.infra.plugins.module_utils._init.tree import Tree

NEXT, NEST = Part(NODE["next"]), Part(NODE["@nestjs/core"], frozenset({"socket.io"}))


def routed(*services: Service) -> App:
    app = App(services=list(services))
    set_ports(app, {"": "PORT=8000"})
    set_locations(app)
    set_checks(Tree(), app)
    return app


def paths(app: App) -> dict[str, str]:
    return {row["path"]: row["service"] for row in app.locations}


def test_pages_are_at_the_root_and_the_api_below():
    app = routed(
        Service("backend", folder="b", part=NEST), Service("jobs", is_worker=True), Service("x", folder="x", part=NEXT)
    )
    assert paths(app) == {"/api": "backend", "/socket.io": "backend", "/": "x"}
    assert [service.port for service in app.services] == [3000, 0, 3000]
    assert any("too: a Swarm needs another port" in row for row in app.notes.todo)


def test_without_a_page_the_name_decides():
    one = routed(Service("server"), Service("client"), Service("billing"))
    assert paths(one) == {"/api": "server", "/billing": "billing", "/": "client"}
    assert routed(Service("worker", is_worker=True)).locations == []


def test_a_port_that_nobody_says_is_a_question():
    app = routed(Service("a", folder="a"), Service("b"))
    assert [service.port for service in app.services] == [0, 8000]
    assert "a: no port found: set `port` to the one inside of the container" in app.notes.todo
    assert any("port" in row for row in app.services[0].todo)


def test_a_check_that_visitors_cannot_reach_is_asked_past_the_edge():
    app = routed(Service("api", health="/health"), Service("web", health="/", part=NEXT))
    assert [service.checks for service in app.services] == [[{"path": "/health", "edge": False}], [{"path": "/"}]]
    (inside,) = routed(Service("api", health="/health")).services
    assert inside.checks == [{"path": "/health"}]


def test_a_debugger_is_no_port_of_an_app():
    (service,) = routed(Service("api", ports=(9229, 4000))).services
    assert service.port == 4000
