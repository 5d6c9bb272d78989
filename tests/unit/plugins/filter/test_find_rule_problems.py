from __future__ import annotations

from ansible_collections.izzzi.infra.plugins.filter.find_rule_problems import FilterModule

find_rule_problems = FilterModule().filters()["find_rule_problems"]
RULES = [{"name": "SSH", "protocol": "tcp", "ports": [22], "sources": ["10.0.0.0/8"]}]


def test_it_says_when_the_login_itself_would_be_shut_out():
    assert find_rule_problems(RULES, port="22", address="10.0.0.9") == []
    (problem,) = find_rule_problems(RULES, port=22, address="203.0.113.7")
    assert "22 in from 203.0.113.7" in problem


def test_bad_rules_come_first():
    (problem,) = find_rule_problems([{**RULES[0], "ports": ["x"]}], address="203.0.113.7")
    assert "port 'x'" in problem
