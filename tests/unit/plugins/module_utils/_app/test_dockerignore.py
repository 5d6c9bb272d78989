# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.dockerignore import DockerIgnore, copied


@pytest.mark.parametrize(
    ("text", "ignored", "kept"),
    [
        ("node_modules", ["node_modules", "node_modules/a/b"], ["apps/node_modules", "node_modules2"]),
        ("**/node_modules", ["node_modules/a", "apps/web/node_modules/b"], ["apps/web/node_modulesx"]),
        ("/dist/", ["dist/a"], ["apps/dist/a"]),
        ("*.log", ["a.log"], ["logs/a.log"]),
        ("**/*.log", ["a.log", "logs/deep/a.log"], ["a.log.txt"]),
        ("*/temp*", ["a/temp", "a/temporary/x"], ["a/b/temp", "temp"]),
        ("temp?", ["tempa"], ["temp", "tempab", "temp/"]),
        ("[a-c].txt", ["b.txt"], ["d.txt"]),
        ("logs/**", ["logs/a/b"], ["logs"]),
        ("a.b", ["a.b"], ["axb"]),
        ("# comment\n\n  a  \n", ["a"], ["# comment"]),
        ("*\n!src", ["README.md"], ["src", "src/main.js"]),
        ("!src\n*", ["src/main.js"], []),
        ("*.md\n!README*.md\nREADME-secret.md", ["a.md", "README-secret.md"], ["README.md", "README-2.md"]),
        (".env*\n!.env.production", [".env", ".env.local"], [".env.production"]),
        ("a/./b/../c", ["a/c/d"], ["a/b"]),
        ("\\!odd", ["!odd"], ["odd"]),
        ("", [], ["a"]),
    ],
)
def test_patterns_mean_what_docker_means(text, ignored, kept):
    rules = DockerIgnore(text)
    assert [path for path in ignored if not rules.ignores(path)] == []
    assert [path for path in kept if rules.ignores(path)] == []


@pytest.mark.parametrize(
    ("dockerfile", "paths"),
    [
        ("COPY dist ./dist", ["dist"]),
        ("copy a b /app/", ["a", "b"]),
        ("COPY --chown=node:node --chmod=755 dist /app", ["dist"]),
        ("COPY --from=build /app/dist dist", []),
        ('COPY ["a b", "/app"]', ["a b"]),
        ("COPY package*.json \\\n  .next/standalone ./", ["package*.json", ".next/standalone"]),
        ("# COPY dist .\nRUN echo COPY dist .", []),
        ("ADD https://example.org/a.tar /a", []),
        ("COPY $WHAT /a", []),
        ("COPY <<EOF /a", []),
    ],
)
def test_a_dockerfile_asks_for_paths_by_name(dockerfile, paths):
    assert copied(dockerfile) == paths
