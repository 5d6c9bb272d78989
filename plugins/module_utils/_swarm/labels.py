# Copyright (c) 2026, The izzzi.infra maintainers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels by which services, tasks and objects of a Swarm are told to belong to an app, and what they hold."""

from __future__ import annotations

APP, SERVICE, PART, IMAGE, DECLARED, TASKS = (
    f"izzzi.{name}" for name in ("app", "service", "part", "image", "replicas", "tasks")
)
START = "izzzi.start"
JOB_NAME = "izzzi.job"  # the declared job that a service is a run of
KIND = "izzzi.kind"  # of a config or secret: what its content is
# A secret with a certificate: its kind, of which site, and what the certificate says, since nobody can read a secret.
CERTIFICATE, SITE, SAID = "certificate", "izzzi.site", "izzzi.certificate"
# While its tasks move a service carries this label with what has to be put back, so that any later run can do it.
MOVING = "izzzi.moving"
# How many tasks a service had that is stopped with its app; empty where it had one on each node.
STOPPED = "izzzi.stopped"
# Of a node: what it is closed for, for a while. Whoever closed it opens it again, or a later run does.
CLOSED = "izzzi.closed"
DATA, STATELESS, EDGE, JOB, PAGES = "data", "app", "edge", "job", "pages"  # values of PART
CARRIER = (
    "certificates"  # one more: what carries certificates to the nodes, which is renewed by the clock and no release's
)
BESIDE = (DATA, PAGES)  # parts that no release has: a rollback leaves them as they are
