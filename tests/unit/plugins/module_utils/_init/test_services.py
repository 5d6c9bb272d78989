# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._init.model import App
from ansible_collections.izzzi.infra.plugins.module_utils._init.services import context_of, find_services
from ansible_collections.izzzi.infra.plugins.module_utils._init.tree import Tree


def tree(**texts: str) -> Tree:
    names = {name.replace("__", "/"): text for name, text in texts.items()}
    return Tree(frozenset(names), names)


def found(files: dict[str, str]) -> dict[str, tuple[str, str, str]]:
    app = App()
    find_services(Tree(frozenset(files), files), app)
    return {service.name: (service.context, service.dockerfile, service.folder) for service in app.services}


def test_dockerfiles_are_services_by_folder_or_by_name():
    node = "FROM node\nEXPOSE 1\n"
    files = {
        "Dockerfile": node,
        "Dockerfile.dev": node,
        "Dockerfile.worker": node,
        "services/Pay_Api/Dockerfile": node,
        "services/Pay_Api/Dockerfile.prod": node,
        "docker/admin.Dockerfile": node,
        "apps/admin/package.json": "{}",
        "app.dockerfile": node,
    }
    assert found(files) == {
        "web": ("", "Dockerfile", ""),
        "worker": ("", "Dockerfile.worker", ""),
        "pay-api": ("services/Pay_Api", "Dockerfile.prod", "services/Pay_Api"),
        "admin": ("docker", "admin.Dockerfile", "apps/admin"),
        "app": ("", "app.dockerfile", ""),
    }


@pytest.mark.parametrize(
    ("copied", "context"),
    [
        ("package.json apps/web .", ""),
        (". .", "apps/web"),
        ("package.json ./", "apps/web"),
        ("package.json package-lock.json ./", ""),
        ("nowhere ./", "apps/web"),
    ],
)
def test_a_build_begins_where_what_it_copies_is(copied, context):
    files = ["package.json", "package-lock.json", "apps/web/package.json"]
    file = "apps/web/Dockerfile"
    assert context_of(Tree(frozenset([*files, file]), {file: f"FROM a\nCOPY {copied}\n"}), file) == context


def test_workers_are_told_by_what_they_run():
    compose = """
services:
  api: {build: ., ports: ["80:3000"]}
  mails: {build: ., command: node mails.js}
  scheduler: {build: {context: ., dockerfile: cron/Dockerfile}}
  site: {build: {context: ., dockerfile: site/Dockerfile}}
  queue-page: {build: ., ports: ["81:3000"]}
"""
    app = App()
    files = {"compose.yml": compose, "Dockerfile": "FROM node\nEXPOSE 3000\n", "cron/Dockerfile": "FROM node\n"}
    find_services(Tree(frozenset(files), files), app)
    assert [service.name for service in app.services if service.is_worker] == ["mails", "scheduler"]


def test_what_is_for_development_is_left_out_of_a_compose_file():
    compose = """
services:
  api:
    build: {context: api, dockerfile: Dockerfile.dev, target: development}
    command: npm run start:dev
"""
    files = {"docker-compose.yml": compose, "api/Dockerfile": "FROM a\n", "api/Dockerfile.dev": "FROM b\n"}
    app = App()
    find_services(Tree(frozenset(files), files), app)
    (service,) = app.services
    assert (service.build(), service.command) == ({"context": "api"}, None)
    assert len([row for row in app.notes.assumed if "for development" in row]) == 3


def test_a_compose_file_that_is_broken_is_told():
    files = {"compose.yml": "a: [", "Dockerfile": "FROM a\n"}
    app = App()
    find_services(Tree(frozenset(files), files), app)
    assert app.notes.todo == ["compose.yml is not YAML that can be read, so nothing is taken from it"]
    assert [service.name for service in app.services] == ["web"]
