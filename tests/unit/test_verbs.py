# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks as people type them: what each takes, and every command line that the documents show."""

from __future__ import annotations

import functools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ansible_collections.izzzi.infra.plugins.module_utils._app.usage import arguments, usage_problem

ROOT = Path(__file__).resolve().parents[2]
PLAYBOOKS = {path.name: path for path in sorted((ROOT / "playbooks").glob("*.yml"))}
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "roles").glob("*/README.md")),
]
# Those that take role variables alone, or none.
WITHOUT_USAGE = {
    *("configure.yml", "destroy.yml", "exposure.yml", "provision.yml", "require_droplets.yml", "restore_first.yml"),
    *("servers.yml", "site.yml"),
    *("summary.yml", "verify.yml"),
}
# What these take all the same; each is read in the playbook itself.
MORE_VARIABLES = {
    *("allow_no_ssh", "allow_wider_exposure", "confirm", "hook"),
    *("plan", "restore", "restore_from", "target"),
}
FLAGS = {"--check", "--diff", "--tags", "--limit", "-i", "-e", "-v", "-vv"}


def load(path: Path) -> list[dict]:
    return yaml.safe_load(path.read_text(encoding="utf-8")) or []


def usage_of(name: str) -> str:
    found = [play["vars"]["verb_usage"] for play in load(PLAYBOOKS[name]) if "verb_usage" in play.get("vars", {})]
    return found[0].strip() if found else ""


USAGES = {name: usage for name in PLAYBOOKS if (usage := usage_of(name))}


def test_every_verb_has_a_usage_line_of_its_own():
    assert set(PLAYBOOKS) - set(USAGES) == WITHOUT_USAGE
    assert {name: usage.split()[0] for name, usage in USAGES.items()} == {name: name for name in USAGES}


@pytest.mark.parametrize("name", USAGES)
def test_a_usage_line_names_every_variable_that_the_playbook_reads(name):
    """Both ways: no argument that nobody reads, and none that is read and not told."""
    text = PLAYBOOKS[name].read_text()
    tasks = re.findall(r"tasks/(\w+)\.yml", text)
    text += "".join((ROOT / "playbooks/tasks" / f"{task}.yml").read_text() for task in tasks)
    text += (ROOT / "inventories/wiring.yml").read_text()
    for argument in arguments(USAGES[name]):
        assert re.search(rf"\b{argument.name}\b(?! -)", text.replace(USAGES[name], "")), argument


@pytest.mark.parametrize("name", USAGES)
def test_each_argument_is_judged_alone(name):
    usage = USAGES[name]
    required = [a.name for a in arguments(usage) if a.is_required]
    told = usage_problem({}, usage)
    assert bool(told) == bool(required)
    assert all(argument in told for argument in required)
    for argument in arguments(usage):
        told = usage_problem({argument.name: {"not": "this"}}, usage)
        assert told.count("\n") == 0
        assert f"{argument.name} is a dictionary, and must be " in told
        assert told.endswith(f"Usage: ansible-playbook playbooks/{usage}")


def variables_in(node) -> Iterator[str]:
    """Names that tasks give to values of their own, wherever in the file."""
    if isinstance(node, list):
        for item in node:
            yield from variables_in(item)
    elif isinstance(node, dict):
        for key, value in node.items():
            if key == "vars" and isinstance(value, dict):
                yield from value
            if key == "register" and isinstance(value, str):
                yield value
            if key.endswith("set_fact") and isinstance(value, dict):
                yield from value
            yield from variables_in(value)


def test_no_role_calls_a_value_of_its_own_as_a_playbook_calls_an_argument():
    """`-e` wins over every name, and `service: "{{ x | default('') }}"` with x from `service` is a loop."""
    names = {argument.name for usage in USAGES.values() for argument in arguments(usage)}
    files = [*ROOT.glob("roles/*/tasks/*.yml"), *ROOT.glob("playbooks/tasks/*.yml"), *PLAYBOOKS.values()]
    clashes = {str(path.relative_to(ROOT)): found for path in files if (found := names & set(variables_in(load(path))))}
    assert clashes == {}


def scalars(node: yaml.Node | None) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif node is not None:
        for part in node.value:
            for one in part if isinstance(part, tuple) else [part]:
                yield from scalars(one)


def test_a_line_break_in_a_template_is_one():
    """In a block of YAML ('>-', '|') Ansible takes join('\\n') for a backslash and an n; within double quotes YAML has
    made a line break of it before."""
    folders = ("roles/*/tasks", "roles/*/vars", "roles/*/defaults", "playbooks", "playbooks/tasks", "inventories")
    files = [file for folder in folders for file in ROOT.glob(f"{folder}/*.yml")]
    found = [
        f"{file.relative_to(ROOT)}, line {node.start_mark.line + 1}"
        for file in files
        for node in scalars(yaml.compose(file.read_text()))
        if any("\\n" in template for template in re.findall(r"{{.*?}}|{%.*?%}", node.value, re.DOTALL))
    ]
    assert (len(files) > 150, found) == (True, [])


def run(*command: str, **more) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(Path(sys.executable).parent / command[0]), *command[1:]],
        cwd=ROOT,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_LOCALHOST_WARNING": "false"}
        | {"ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default"},  # it shows which plays and tasks ran
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
        **more,
    )


@pytest.fixture(scope="module")
def no_droplets(tmp_path_factory) -> str:
    """An inventory with the groups and without a droplet: arguments are judged before anything is asked."""
    path = tmp_path_factory.mktemp("inventory") / "hosts.yaml"
    path.write_text((ROOT / "inventories/sandbox/hosts.yaml").read_text())
    return str(path)


def test_every_playbook_is_one(no_droplets):
    names = [str(path) for path in PLAYBOOKS.values()]
    done = run("ansible-playbook", "-i", no_droplets, "--syntax-check", *names)
    assert done.returncode == 0, done.stderr


# An environment of before decision 0017, and the names that count since.
# or the environment's own, and called as before.
OLD = yaml.safe_load((ROOT / "tests/unit/old_inventory.yml").read_text())


@pytest.mark.parametrize("name", ["plan.yml", "deploy.yml", "provision.yml", "site.yml"])
def test_an_inventory_of_before_is_refused_with_each_old_name_and_its_new_one(name, tmp_path):
    for file in ("digitalocean.yml", "hosts.yaml"):
        shutil.copy(ROOT / "inventories/production" / file, tmp_path)
    with (tmp_path / "digitalocean.yml").open("a") as file:
        file.write("baseurl: http://127.0.0.1:9/v2\n")
    folder = tmp_path / "group_vars/all"
    folder.mkdir(parents=True)
    for file, text in OLD["files"].items():
        (folder / file).write_text(text)
    done = run("ansible-playbook", "-i", str(tmp_path), f"playbooks/{name}")
    assert done.returncode == 2, done.stdout + done.stderr
    told = set(re.findall(r"^ +(\S+ -> \S+)$", done.stdout, flags=re.MULTILINE))
    assert told == {f"{old} -> {new}" for old, new in OLD["renamed"].items()}
    assert "Nothing was changed." in done.stdout


@pytest.mark.parametrize("name", [name for name in USAGES if usage_problem({}, USAGES[name])])
def test_without_what_it_needs_a_verb_says_its_usage_and_does_nothing(name, no_droplets):
    done = run("ansible-playbook", "-i", no_droplets, f"playbooks/{name}")
    output = done.stdout + done.stderr
    assert done.returncode == 2, output
    (line,) = [line for line in output.splitlines() if line.startswith("[ERROR]")]
    assert usage_problem({}, USAGES[name]) in line
    assert "caused by" not in output
    assert "PLAY [" in output
    assert output.count("PLAY [") == 1, "it went on"


def test_words_that_a_shell_took_apart_are_refused(no_droplets):
    said = ["-e", "service=web", "-e", "command=ls -l /tmp"]
    done = run("ansible-playbook", "-i", no_droplets, "playbooks/run.yml", *said)
    assert done.returncode == 2
    assert "'-l /tmp' follows a blank and belongs to no variable" in done.stdout + done.stderr


def test_who_reads_writes_no_secret(tmp_path, no_droplets):
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"app_secrets_file": str(tmp_path / "vault.yml"), "app_generated_secrets": {"vault_a": {}}},
            "tasks": [
                {"ansible.builtin.import_tasks": str(ROOT / "playbooks/tasks/look_up_secrets.yml")},
                {"ansible.builtin.debug": {"msg": "value {{ vault_a }}"}},
            ],
        }
    ]
    (tmp_path / "play.yml").write_text(json.dumps(play))
    (tmp_path / "password").write_text("password of this test\n")
    password = f"--vault-password-file={tmp_path / 'password'}"
    done = run("ansible-playbook", "-i", no_droplets, password, str(tmp_path / "play.yml"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "value placeholder-vault_a" in done.stdout
    assert re.search(r"changed=0", done.stdout)
    assert not (tmp_path / "vault.yml").exists()


@pytest.mark.parametrize("name", ["logs.yml", "maintenance.yml", "releases.yml", "run.yml", "status.yml"])
def test_verbs_that_read_look_secrets_up(name):
    text = PLAYBOOKS[name].read_text()
    assert "tasks/look_up_secrets.yml" in text
    assert "tasks/read_secrets.yml" not in text


@pytest.mark.parametrize(
    ("tag", "runs"),
    [
        ("app", {"preflight", "release"}),
        ("app_compose", {"preflight", "release"}),
        ("app_compose_preflight", {"preflight"}),
        ("nginx", set()),
    ],
)
def test_tags_reach_a_phase_of_the_role_that_runs_the_app(tag, runs, tmp_path):
    """The role is included, so that only tags of the task decide, and what it gives to the role's tasks."""
    role = tmp_path / "roles/fake/tasks"
    role.mkdir(parents=True)
    tasks = [{"name": x, "ansible.builtin.debug": {}, "tags": [f"app_compose_{x}"]} for x in ("preflight", "release")]
    (role / "main.yml").write_text(json.dumps(tasks))
    (play,) = [play for play in load(PLAYBOOKS["deploy.yml"]) if play["name"] == "Deploy the app"]
    including = play["tasks"][-1]["block"][0]
    including["ansible.builtin.include_role"]["name"] = "{{ app_runner }}"
    play |= {"hosts": "localhost", "become": False, "tasks": [including]}
    play["vars"] = {"app_runner": "fake"}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    done = run("ansible-playbook", "-i", "localhost,", "--tags", tag, str(tmp_path / "play.yml"))
    assert set(re.findall(r"TASK \[fake : (\w+)\]", done.stdout)) == runs, done.stdout + done.stderr
    assert done.returncode == 0


# The documents.


def command_lines() -> Iterator[tuple[str, str]]:
    """Every command of ours, from console blocks and from code between backticks."""
    for path in DOCUMENTS:
        text = path.read_text(encoding="utf-8")
        where = str(path.relative_to(ROOT))
        for block in re.findall(r"```console\n(.*?)```", text, flags=re.DOTALL):
            for line in block.splitlines():
                if (command := line.strip()).startswith("$ "):
                    yield where, re.split(r"\s#\s", command[2:])[0].strip()
        for code in re.findall(r"(?<!`)`([^`]+)`(?!`)", re.sub(r"```.*?```", "", text, flags=re.DOTALL)):
            yield where, " ".join(code.split())


def words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []


def playbook_lines() -> list[tuple[str, str]]:
    """With or without the program: tables leave it out."""
    found = []
    for where, line in command_lines():
        for part in line.split(" && "):
            if re.match(r"(\S+/)?ansible-playbook ", part) and "`" not in part:
                found.append((where, part))
            elif re.match(r"(playbooks/)?[a-z_]+\.yml( |$)", part) and part.split()[0].split("/")[-1] in PLAYBOOKS:
                found.append((where, f"ansible-playbook {part}"))
    return found


def known_variables() -> set[str]:
    """Inputs of roles, and what the inventories name."""
    found = set(MORE_VARIABLES)
    for path in ROOT.glob("roles/*/meta/argument_specs.yml"):
        for entry in load(path)["argument_specs"].values():
            found |= set(entry["options"])
    for path in [ROOT / "inventories/wiring.yml", *ROOT.glob("inventories/*/group_vars/all/*.yml")]:
        found |= set(load(path))
    found |= {re.sub("^(app_compose|swarm_stack)_", "app_", name) for name in found}
    return found


def tags() -> set[str]:
    found: set[str] = set()
    for path in [*PLAYBOOKS.values(), *ROOT.glob("roles/*/tasks/*.yml")]:
        for listed in re.findall(r"^\s*tags: (?:&\w+ )?\[(.*?)\]", path.read_text(), flags=re.MULTILINE):
            found |= {tag.strip() for tag in listed.split(",")}
    return found


def given(pairs: list[str]) -> dict:
    """What `-e` options say."""
    values: dict = {}
    for pair in pairs:
        if pair.startswith("{"):
            values |= json.loads(pair)
        elif not pair.startswith("@"):
            name, _sign, value = pair.partition("=")
            values[name] = value.strip('"')
    return values


def test_the_documents_show_commands():
    lines = playbook_lines()
    assert len(lines) > 30
    assert {where for where, _line in lines} >= {"README.md", "docs/runbook.md", "docs/swarm.md"}


# Inventories of whoever reads: what init.yml writes, and the one that it needs.
READERS = {"localhost,", *(f"inventories/{name}" for name in ("production", "staging", "dev"))}


@pytest.mark.parametrize(("where", "line"), sorted(set(playbook_lines())))
def test_a_playbook_line_of_the_documents_is_right(where, line):
    parts = words(line)
    assert parts, f"{where}: a shell cannot read {line}"
    rest, names, pairs, problems = parts[1:], [], [], []
    while rest:
        word = rest.pop(0)
        if word == "-e":
            pairs.append(rest.pop(0))
        elif word == "-i":
            place = rest.pop(0)
            is_readers = place.startswith("my-") or place in READERS
            problems += [] if is_readers or (ROOT / place).is_dir() else [f"no inventory {place}"]
        elif word == "--tags":
            problems += [f"no tag {tag}" for tag in rest.pop(0).split(",") if tag not in tags()]
        elif word.startswith("-"):
            problems += [] if word in FLAGS else [f"no flag {word}"]
        else:
            names.append(word)
    files = [re.sub(r"^izzzi\.infra\.(\w+)$", r"\1.yml", name).split("/")[-1] for name in names]
    problems += [f"no playbook {file}" for file in files if file not in PLAYBOOKS]
    usage = USAGES.get(files[0], "") if files else ""
    mine = {argument.name: argument for argument in arguments(usage)}
    for name, value in given(pairs).items():
        if name not in mine:
            problems += [] if name in known_variables() else [f"no variable {name}"]
        elif why := mine[name].problem(value):
            problems.append(why)
    assert problems == [], f"{where}: {line}"


def others(program: str) -> list[tuple[str, str]]:
    return sorted({(w, p) for w, line in command_lines() for p in line.split(" && ") if re.match(program, p)})


@pytest.mark.parametrize(("where", "line"), others(r"make [a-z]"))
def test_a_target_of_make_exists(where, line):
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    assert words(line)[1] in targets, where


@pytest.mark.parametrize(("where", "line"), others(r"scripts/[a-z]"))
def test_a_script_exists(where, line):
    assert os.access(ROOT / words(line)[0], os.X_OK), where


@pytest.mark.parametrize(("where", "line"), others(r'(eval "\$\()?izzzi-sandbox [a-z]'))
def test_a_command_of_the_sandbox_exists(where, line):
    command = re.search(r"izzzi-sandbox ([a-z]+)", line)[1]
    assert command in sandbox_commands(), where


@functools.cache
def sandbox_commands() -> set[str]:
    return set(re.findall(r"^│ ([a-z]+) {2,}", run("izzzi-sandbox", "--help").stdout, flags=re.MULTILINE))


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_what_is_done_to_a_node_is_known_to_the_whole_play(name):
    """Who shares the line of history follows from it, after the role and outside of it."""
    for play in load(PLAYBOOKS[name]):
        if "tasks/change_node.yml" in json.dumps(play.get("tasks", [])):
            assert play["vars"]["swarm_cluster_node_state"] in ("active", "drained", "balanced", "absent")
