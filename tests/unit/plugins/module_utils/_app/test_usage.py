# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.izzzi.infra.plugins.module_utils._app.usage import Argument, arguments, argv, usage_problem

RUN = """run.yml -e service=NAME -e '{"command": "COMMAND"}'"""
SCALE = "scale.yml -e service=NAME -e replicas=NUMBER [-e lock_wait=SECONDS]"
MAINTENANCE = """maintenance.yml -e state=on|off [-e '{"allow": ["ADDRESS"]}']"""
DRAIN = "drain.yml -e node=NAME [-e stop=NAME,NAME]"
PLAN = "plan.yml [-e plan_file=FILE] [-e plan_fail_on_changes=true|false]"


def test_a_usage_line_says_what_is_required_and_what_fits():
    assert arguments(RUN) == [Argument("service", "NAME", True), Argument("command", "COMMAND", True)]
    assert arguments(MAINTENANCE) == [Argument("state", "on|off", True), Argument("allow", "ADDRESS", False)]
    assert arguments(SCALE)[2] == Argument("lock_wait", "SECONDS", False)
    assert arguments("rebalance.yml") == []


@pytest.mark.parametrize(
    ("usage", "values", "problem"),
    [
        (RUN, {}, "run.yml: service and command are missing."),
        (RUN, {"service": "web"}, "run.yml: command is missing."),
        (RUN, {"service": "web", "command": []}, "run.yml: command is a list, and must be a text that a shell"),
        (RUN, {"service": "web", "command": 'sh -c "echo'}, "run.yml: command is 'sh -c \"echo', and must be a text"),
        (RUN, {"service": ["web"], "command": "ls"}, "run.yml: service is a list, and must be one word."),
        (RUN, {"service": "web", "command": "ls", "_raw_params": "-l"}, "run.yml: '-l' follows a blank and belongs to"),
        (SCALE, {}, "scale.yml: service and replicas are missing."),
        (SCALE, {"service": "web", "replicas": "many"}, "scale.yml: replicas is 'many', and must be a whole number."),
        (SCALE, {"service": "web", "replicas": -1}, "scale.yml: replicas is -1, and must be a whole number."),
        (SCALE, {"service": "web", "replicas": True}, "scale.yml: replicas is true, and must be a whole number."),
        (SCALE, {"service": "a b", "replicas": "x"}, "scale.yml: service is 'a b', and must be one word; replicas"),
        (SCALE, {"service": "a", "replicas": 1, "lock_wait": "1m"}, "scale.yml: lock_wait is '1m', and must be a"),
        (MAINTENANCE, {"state": "maybe"}, "maintenance.yml: state is 'maybe', and must be on or off."),
        (MAINTENANCE, {"state": "on", "allow": "203.0.113.7"}, "maintenance.yml: allow is '203.0.113.7', and must be"),
        (MAINTENANCE, {"state": "on", "allow": ["here"]}, "maintenance.yml: allow is a list, and must be a list of"),
        (DRAIN, {"node": "a", "stop": "web,,db"}, "drain.yml: stop is 'web,,db', and must be names with commas"),
        (PLAN, {"plan_fail_on_changes": "maybe"}, "plan.yml: plan_fail_on_changes is 'maybe', and must be true or fal"),
    ],
)
def test_what_does_not_fit_is_one_line_that_ends_with_the_usage(usage, values, problem):
    told = usage_problem(values, usage)
    assert told.startswith(problem)
    assert told.endswith(f". Usage: ansible-playbook playbooks/{usage}")
    assert "\n" not in told


@pytest.mark.parametrize(
    ("usage", "values"),
    [
        (RUN, {"service": "web", "command": "node dist/migrate.js", "_raw_params": ""}),
        (RUN, {"service": "web", "command": ["sh", "-c", "echo one two"]}),
        (SCALE, {"service": "web", "replicas": "0", "lock_wait": ""}),
        (SCALE, {"service": "web", "replicas": 3}),
        (MAINTENANCE, {"state": "on", "allow": ["203.0.113.7", "2001:db8::/32"]}),
        (MAINTENANCE, {"state": False, "allow": ""}),
        (DRAIN, {"node": "a", "stop": "izzzi_postgres,izzzi_redis"}),
        (PLAN, {"plan_file": "my plan.json", "plan_fail_on_changes": True}),
        ("rebalance.yml", {}),
    ],
)
def test_what_fits_is_no_problem(usage, values):
    assert usage_problem(values, usage) == ""


def test_a_command_is_split_as_a_shell_does():
    assert argv('sh -c "echo one two"') == ["sh", "-c", "echo one two"]
    assert argv("node dist/migrate.js") == ["node", "dist/migrate.js"]
    assert argv(["psql", "-c", "SELECT 1", 5]) == ["psql", "-c", "SELECT 1", "5"]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("", "empty"),
        ("  ", "empty"),
        ([], "empty"),
        ([""], "empty"),
        ("'", "No closing quotation"),
        ({}, "a dictionary"),
        ([["a"]], "a list"),
        (5, "not 5"),
    ],
)
def test_a_command_that_is_none_says_why(command, why):
    with pytest.raises(ValueError, match=why):
        argv(command)


def test_places_of_people_may_have_blanks_and_colons():
    usage = "init.yml -e app=SOURCE [-e into=FOLDER]"
    assert usage_problem({"app": "git@github.com:shop/shop.git", "into": "my folder"}, usage) == ""
    told = usage_problem({"app": 1, "into": ["a"]}, usage)
    assert "app is 1, and must be a folder, or the URL of a git repository" in told
    assert "into is a list, and must be the path of a folder" in told
