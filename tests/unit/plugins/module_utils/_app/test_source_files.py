# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.source import SourceError, checksum
from ansible_collections.izzzi.infra.plugins.module_utils._app.source_files import Rules, select, select_all


def write(root: Path, **files: str) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


def git(*arguments: str, cwd: Path) -> None:
    who = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "protocol.file.allow=always"]
    environment = os.environ | {"GIT_CONFIG_GLOBAL": "/dev/null"}
    subprocess.run(["git", *who, *arguments], cwd=cwd, env=environment, check=True, capture_output=True)


@pytest.fixture
def work_tree(tmp_path) -> Path:
    root = tmp_path / "tree"
    root.mkdir()
    git("init", "-q", ".", cwd=root)
    write(
        root,
        **{".gitignore": "node_modules\n.next/\n/dist\n.env\n*.log\n", "src/main.js": "1", "Dockerfile": "COPY . .\n"},
    )
    git("add", ".", cwd=root)
    git("commit", "-qm", "first", cwd=root)
    made = {"node_modules/x/y.js": "", "apps/web/.next/BUILD_ID": "", "dist/main.js": "", "a.log": "", ".env": "P=1"}
    return write(root, **made)


def names(selection) -> list[str]:
    return [entry.name for entry in selection.entries]


OURS = [".gitignore", "Dockerfile", "src/main.js"]


def test_a_work_tree_is_what_git_tracks_and_what_is_new(work_tree):
    clean = select(work_tree, Rules())
    assert names(clean) == OURS
    write(work_tree, **{"src/new.js": "2"})
    (work_tree / "src/main.js").unlink()
    assert names(select(work_tree, Rules())) == [".gitignore", "Dockerfile", "src/new.js"]


def test_what_is_ignored_does_not_change_the_id(work_tree):
    before = checksum(select(work_tree, Rules()).entries)
    write(work_tree, **{"node_modules/z": "2", ".env": "P=2", ".env.local": "Q=3", "b.log": "x"})
    assert checksum(select(work_tree, Rules()).entries) == before


def test_what_was_left_out_is_told_in_a_bounded_way(work_tree):
    write(work_tree, **{f"{number:02}.log": "" for number in range(20)})
    selection = select(work_tree, Rules(exclude=["src"]))
    assert selection.left_out["secret"] == [".env"]
    assert selection.left_out["exclude"] == ["src/"]
    assert {"node_modules/", "dist/", "apps/"} <= set(selection.left_out["git"])
    note = selection.note()
    assert note.startswith(
        "Left out of the source: .env (may hold secrets; what a build needs of them is named in `include`);"
    )
    assert "src/ (in `exclude`)" in note
    assert "and 18 more (ignored by git)" in note


@pytest.mark.parametrize("copy", ["COPY dist ./dist", "COPY ./dist/main.js .", "ADD dist/*.js /app/"])
def test_what_a_dockerfile_copies_by_name_is_packed_though_git_ignores_it(work_tree, copy):
    write(work_tree, Dockerfile=f"FROM node\n{copy}\n")
    assert names(select(work_tree, Rules())) == [".gitignore", "Dockerfile", "dist/main.js", "src/main.js"]


def test_a_path_is_meant_from_the_dockerfile_too(work_tree):
    write(work_tree, **{"apps/web/Dockerfile": "COPY .next /app/.next\n"})
    assert "apps/web/.next/BUILD_ID" in names(select(work_tree, Rules()))


def test_dockerignore_forbids_what_a_dockerfile_copies_and_new_files(work_tree):
    write(work_tree, **{"Dockerfile": "COPY dist .", ".dockerignore": "dist\nnotes\nsrc\nDockerfile", "notes/a": "1"})
    selection = select(work_tree, Rules())
    assert names(selection) == [".dockerignore", *OURS]  # what is tracked is packed: the build leaves it out
    assert selection.left_out["docker"] == ["dist/", "notes/"]


@pytest.mark.parametrize("copy", ["COPY . .", "COPY .env .env", "COPY .env* ./"])
def test_secrets_go_in_by_include_alone_tracked_or_not(work_tree, copy):
    write(
        work_tree, **{"Dockerfile": copy, "env/.env": "P=1", ".envrc": "", ".env.production": "", ".env.example": "P="}
    )
    git("add", "--force", ".env.production", cwd=work_tree)
    selection = select(work_tree, Rules())
    assert names(selection) == [".env.example", *OURS]
    assert selection.left_out["secret"] == [".env", ".env.production", ".envrc", "env/.env"]
    included = select(work_tree, Rules(include=[".env.production", "env/.env"]))
    assert names(included) == [".env.example", ".env.production", *OURS[:2], "env/.env", "src/main.js"]


def test_include_takes_what_git_ignores_and_exclude_wins(work_tree):
    assert "dist/main.js" in names(select(work_tree, Rules(include=["dist"])))
    assert "node_modules/x/y.js" in names(select(work_tree, Rules(include=["node_modules/x"])))
    assert names(select(work_tree, Rules(include=["dist"], exclude=["*.js"]))) == OURS[:2]


def test_a_clean_work_tree_gives_what_its_commit_gives(work_tree, tmp_path):
    git("clone", "-q", str(work_tree), str(tmp_path / "checkout"), cwd=tmp_path)
    commit = select_all(tmp_path / "checkout", Rules())
    assert checksum(commit.entries) == checksum(select(work_tree, Rules()).entries)


def test_a_directory_of_a_work_tree_is_the_root(work_tree):
    assert names(select(work_tree / "src", Rules())) == ["main.js"]


def test_an_ignored_directory_is_not_the_repositorys(work_tree):
    write(work_tree, **{"dist/.dockerignore": "*.map", "dist/a.map": "", "dist/node_modules/x": ""})
    selection = select(work_tree / "dist", Rules())
    assert names(selection) == [".dockerignore", "main.js"]
    assert selection.left_out == {"docker": ["a.map"], "made": ["node_modules/"]}


def test_submodules_and_repositories_inside_are_packed_as_they_are(work_tree, tmp_path):
    inner = tmp_path / "inner"
    inner.mkdir()
    git("init", "-q", ".", cwd=inner)
    write(inner, **{"lib.js": "1", ".gitignore": "*.o"})
    git("add", ".", cwd=inner)
    git("commit", "-qm", "first", cwd=inner)
    git("submodule", "add", "-q", str(inner), "vendor/lib", cwd=work_tree)
    git("clone", "-q", str(inner), "nested", cwd=work_tree)
    write(work_tree, **{"vendor/lib/a.o": "", "vendor/lib/new.js": ""})
    found = names(select(work_tree, Rules()))
    assert [name for name in found if name.startswith("vendor")] == [
        f"vendor/lib/{n}" for n in (".gitignore", "lib.js", "new.js")
    ]
    assert [name for name in found if name.startswith("nested")] == ["nested/.gitignore", "nested/lib.js"]
    git("submodule", "deinit", "-q", "--force", "vendor/lib", cwd=work_tree)
    with pytest.raises(
        SourceError, match=r"vendor/lib is a submodule that is not checked out\. Run: git -C .* submodule update"
    ):
        select(work_tree, Rules())


def test_a_directory_without_git_leaves_out_what_installers_make_and_dockerignore_names(tmp_path):
    write(
        tmp_path, **{".dockerignore": "**/*.md\n!README.md\nDockerfile", "Dockerfile": "COPY dist .", "README.md": ""}
    )
    write(tmp_path, **{"docs/a.md": "", "compose.yml": "", "dist/a": "", "apps/web/node_modules/x": "", ".env": ""})
    selection = select(tmp_path, Rules())
    assert names(selection) == [".dockerignore", "Dockerfile", "README.md", "compose.yml", "dist/a"]
    assert selection.left_out == {"docker": ["docs/a.md"], "made": ["apps/web/node_modules/"], "secret": [".env"]}


def test_a_file_that_the_caller_reads_is_there(tmp_path):
    write(tmp_path, **{".dockerignore": "*.yml", "compose.yml": "", "other.yml": "", "a": ""})
    assert names(select(tmp_path, Rules(keep=["compose.yml"]))) == [".dockerignore", "a", "compose.yml"]


def test_names_that_are_no_text_are_packed(work_tree):
    odd = os.fsencode(work_tree) + b"/odd\xff.js"
    with open(odd, "w"):
        pass
    assert os.fsdecode(b"odd\xff.js") in names(select(work_tree, Rules()))
    assert "odd\ufffd.js" in select(work_tree, Rules(exclude=["odd*"])).note()
