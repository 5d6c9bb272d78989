# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._init.dockerfile import Stage
from ansible_collections.izzzi.infra.plugins.module_utils._init.frameworks import migration_of, part_of, uses_postgres
from ansible_collections.izzzi.infra.plugins.module_utils._init.tree import Tree


def tree(files: dict[str, str]) -> Tree:
    return Tree(frozenset(files), files)


@pytest.mark.parametrize(
    ("file", "text", "name"),
    [
        ("package.json", '{"dependencies": {"next": "1", "express": "1"}}', "Next.js"),
        ("package.json", '{"dependencies": {"express": "1", "@nestjs/core": "1"}}', "NestJS"),
        ("package.json", '{"dependencies": {"express": "1"}}', "Express"),
        ("package.json", "not JSON", ""),
        ("package.json", "[1]", ""),
        ("package.json", '{"dependencies": []}', ""),
        ("requirements.txt", "# flask\nFastAPI[all]>=0.1\n", "FastAPI"),
        ("requirements-live.txt", "Django==5\n", "Django"),
        ("pyproject.toml", '[project]\ndependencies = ["flask>=3", "x"]\n', "Flask"),
        ("pyproject.toml", '[tool.poetry.dependencies]\nfastapi = "^0.1"\n', "FastAPI"),
    ],
)
def test_what_an_app_is_written_with(file, text, name):
    assert part_of(tree({f"a/{file}": text}), "a", Stage()).framework.name == name


def test_an_image_of_a_web_server_is_a_static_site():
    part = part_of(
        tree({"package.json": '{"dependencies": {"next": "1"}}'}), "", Stage("nginxinc/nginx-unprivileged:1")
    )
    assert part.framework.name == "a static site"


@pytest.mark.parametrize(
    ("files", "command", "pattern"),
    [
        (
            {"package.json": '{"devDependencies": {"prisma": "6"}}', "prisma/migrations/1/migration.sql": ""},
            ("npx", "prisma", "migrate", "deploy"),
            "prisma/migrations/*/migration.sql",
        ),
        ({"package.json": '{"dependencies": {"prisma": "6"}}'}, None, ""),
        ({"alembic.ini": "", "requirements.txt": "alembic"}, ("alembic", "upgrade", "head"), ""),
        ({"manage.py": "", "requirements.txt": "django"}, ("python", "manage.py", "migrate", "--noinput"), ""),
        ({"requirements.txt": "flask\nflask-migrate"}, ("flask", "db", "upgrade"), ""),
        (
            {"package.json": '{"scripts": {"migrate": "x"}}', "migrations/1.sql": ""},
            ("npm", "run", "migrate"),
            "migrations/*.sql",
        ),
        ({"package.json": "{}"}, None, ""),
    ],
)
def test_how_a_database_is_migrated(files, command, pattern):
    found = migration_of(tree(files), "", part_of(tree(files), "", Stage()))
    assert (found.command, found.files) == (command, pattern) if found else command is None


def test_a_schema_of_prisma_names_its_database():
    for provider, is_postgres in (("postgresql", True), ("mysql", False)):
        assert uses_postgres(tree({"a/prisma/schema.prisma": f'provider = "{provider}"'}), "a") == is_postgres
