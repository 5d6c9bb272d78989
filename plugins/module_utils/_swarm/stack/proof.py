# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proves that a release answers as asked: a trial task before visitors meet it, and the edge of every node after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..._app.http import Request
from ..._app.probe import Probe, expectation
from ..._app.until import until
from ..labels import SERVICE
from ..node import Node
from ..service import Spec
from .converge import INTERVAL, Convergence
from .model import Options, StackError
from .watch import Watch

TRIAL_TIMES, EDGE_TIMES = 2, 3  # in a row


def prove_trial(convergence: Convergence, spec: Spec, checks: list, release: str, watch: Watch) -> str:
    """Ask every check at a trial task's own port until all are met twice in a row; say what was proven."""
    swarm, name, port = convergence.swarm, spec["Name"], convergence.ports.get(spec["Labels"][SERVICE])
    if not checks or not port:
        return "is healthy"
    if not (namespace := swarm.network_namespace()):
        return "is healthy; no container of the app runs on this manager, so that its checks could not be asked"

    def unmet() -> str:
        convergence.wait(watch, spec)  # one that has died meanwhile fails here
        tasks = (task for task in swarm.tasks(name) if task.state == "running")
        address = next((found for task in tasks if (found := swarm.address(task))), "")
        if not address:
            return "it has no address in the app's network"
        for check in checks:
            answer = swarm.request(namespace, address, port, check)
            if why := expectation(check, release).unmet(answer):
                return f"{check['path']} does not answer as asked: {why}; got {answer.describe()}"
        return ""

    if problem := _until(convergence, unmet, TRIAL_TIMES):
        raise StackError(f"{name}: {problem}", name, "".join(swarm.logs(task.id) for task in swarm.tasks(name)))
    return "is healthy and answers as asked"


def prove_edge(convergence: Convergence, nodes: Iterable[Node], checks: Mapping[str, list], release: str) -> None:
    """Ask the edge of every node as a visitor does until all checks are met three times in a row."""
    probes = [probe for node in nodes for probe in edge_probes(convergence.options, node, checks, release)]

    def unmet() -> str:
        for probe in probes:
            if why := probe.unmet(convergence.send(probe)):
                return f"{probe.service}: {probe.request.url} does not answer as asked: {why}"
        return ""

    if problem := _until(convergence, unmet, EDGE_TIMES):
        raise StackError(problem)


def edge_probes(options: Options, node: Node, checks: Mapping[str, list], release: str) -> Iterable[Probe]:
    """Yield what a visitor may ask one node; `edge: false` marks checks that are not public."""
    for service, asked in checks.items():
        for check in asked:
            if check.get("edge", True):
                url = f"{options.edge_scheme}://{options.edge_host or node.address}:{options.edge_port}{check['path']}"
                request = Request(url, connect_to=(node.address, options.edge_port), validate_certs=False)
                yield Probe(service, request, expectation(check, release))


def _until(convergence: Convergence, unmet, in_a_row: int) -> str:
    clock, sleep, timeout = convergence.clock, convergence.sleep, convergence.options.wait_timeout
    return until(unmet, timeout=timeout, in_a_row=in_a_row, interval=INTERVAL, clock=clock, sleep=sleep)
