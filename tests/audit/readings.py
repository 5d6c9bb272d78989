# SPDX-License-Identifier: GPL-3.0-or-later
"""What the auditors wrote, as figures and findings; and which findings are waived. Pure.

A finding is (tool, rule, text). A waiver names tool and rule and says why; a waiver that nothing needs is reported, so
that the list stays true.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.bench.figures import shown

SEVERE = ("MEDIUM", "HIGH", "CRITICAL")


@dataclass(frozen=True, order=True)
class Finding:
    tool: str
    rule: str
    text: str = ""


@dataclass
class Reading:
    """Of one droplet: `name: value` figures in the order to print, and what the auditors hold against it."""

    figures: dict[str, Any] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, other: Reading) -> None:
        self.figures |= other.figures
        self.findings += other.findings


def lynis(report: str) -> Reading:
    """From /var/log/lynis-report.dat. Warnings are findings; suggestions are only counted."""
    index, warnings, suggestions = None, [], 0
    for line in report.splitlines():
        key, _, value = line.partition("=")
        if key == "hardening_index":
            index = int(value)
        elif key == "warning[]":
            rule, text, *_ = value.split("|")
            warnings.append(Finding("lynis", rule, text))
        elif key == "suggestion[]":
            suggestions += 1
    if index is None:
        raise ValueError("lynis did not come to an index: its report ends early")
    return Reading({"lynis_index": index, "lynis_warnings": len(warnings), "lynis_suggestions": suggestions}, warnings)


def ssh_audit(scan: str) -> Reading:
    """From ssh-audit's JSON: algorithms with a failure or a warning."""
    found = []
    report = json.loads(scan)
    if not report.get("kex"):
        raise ValueError("ssh-audit saw no key exchange: the server did not talk to it")
    counts = {"fail": 0, "warn": 0}
    for kind in ("kex", "key", "enc", "mac"):
        for row in report[kind]:
            for level in counts:
                if notes := row["notes"].get(level):
                    counts[level] += 1
                    found.append(Finding("ssh-audit", f"{kind}:{row['algorithm']}", "; ".join(notes)))
    return Reading({"ssh_audit_fail": counts["fail"], "ssh_audit_warn": counts["warn"]}, found)


def ssh_policy(report: str) -> Reading:
    return Reading({"ssh_audit_policy": "passed" if json.loads(report)["passed"] else "not passed"})


def oscap(lines: str) -> Reading:
    """From oscap.sh. Rules that could not be checked count as failed: nobody knows that they hold."""
    reading = Reading()
    failed: dict[str, set[str]] = {}
    passed: dict[str, int] = {}
    for line in lines.splitlines():
        profile, rule, result = line.split()
        if rule == "score":
            reading.figures[f"anssi_{profile}_score"] = round(float(result), 1)
            failed[profile], passed[profile] = set(), 0
        elif result == "pass":
            passed[profile] += 1
        elif result in ("fail", "error", "unknown"):
            failed[profile].add(rule)
    if not failed:
        raise ValueError("oscap gave no score")
    for profile, rules in failed.items():
        reading.figures[f"anssi_{profile}_pass"] = passed[profile]
        reading.figures[f"anssi_{profile}_fail"] = len(rules)
    reading.findings = [Finding("oscap", rule) for rule in sorted(set().union(*failed.values()))]
    return reading


def docker(failed: Iterable[tuple[str, str]], count: int) -> Reading:
    findings = [Finding("docker", number, title) for number, title in failed]
    passed = count - len(findings)
    return Reading({"docker_checks_passed": f"{passed} of {count}", "docker_score": passed - len(findings)}, findings)


def gixy(report: str) -> Reading:
    issues = json.loads(report)
    counts = {level: sum(issue["severity"] == level for issue in issues) for level in ("HIGH", "MEDIUM", "LOW")}
    return Reading(
        {f"gixy_{level.lower()}": count for level, count in counts.items()},
        [Finding("gixy", i["plugin"], i["reason"]) for i in issues if i["severity"] in SEVERE],
    )


def testssl(report: str) -> Reading:
    """From testssl.sh's flat JSON; its own troubles ("engine_problem") are not the server's. Old ones give no grade."""
    rows = [row for row in json.loads(report) if row["id"] != "engine_problem"]
    values = {row["id"]: row["finding"] for row in rows}
    severe = [Finding("testssl", row["id"], row["finding"]) for row in rows if row["severity"] in SEVERE]
    reading = Reading({"testssl_medium_or_worse": len(severe)}, severe)
    if "overall_grade" in values:
        reading.figures |= {"testssl_grade": values["overall_grade"], "testssl_score": int(values["final_score"])}
    return reading


@dataclass(frozen=True)
class Verdict:
    waived: list[Finding]
    open: list[Finding]
    needless: list[str]  # waivers that nothing needed


def judge(findings: Iterable[Finding], waivers: list[dict[str, Any]], image: str) -> Verdict:
    given = {(waiver["tool"], str(waiver["rule"])) for waiver in waivers if waiver.get("image", image) == image}
    rows = sorted(set(findings))
    waived = [row for row in rows if (row.tool, row.rule) in given]
    used = {(row.tool, row.rule) for row in waived}
    return Verdict(
        waived,
        [row for row in rows if (row.tool, row.rule) not in given],
        [f"{tool} {rule}" for tool, rule in sorted(given - used)],
    )


def waiver_problems(waivers: Any) -> list[str]:
    """What is wrong with the file of waivers: each is tool, rule and a reason in words, once, perhaps for one image."""
    if not isinstance(waivers, list):
        return ["it is not a list"]
    found, seen = [], set()
    for index, waiver in enumerate(waivers):
        if not isinstance(waiver, dict) or set(waiver) - {"image"} != {"tool", "rule", "reason"}:
            found.append(f"[{index}]: wants tool, rule and reason, and at most an image")
            continue
        key = (waiver["tool"], str(waiver["rule"]))
        if key in seen:
            found.append(f"[{index}]: {' '.join(key)} is there twice")
        seen.add(key)
        if len(str(waiver["reason"]).split()) < 3:
            found.append(f"[{index}]: {' '.join(key)} has no reason worth the name")
    return found


def missed(figures: dict[str, Any], goals: list[dict[str, Any]], image: str) -> list[str]:
    """Goals of the image that the figures do not reach, in words. A figure that was not taken misses its goal. Times
    are not among them."""
    found = []
    for goal in goals:
        if goal.get("image", image) != image or goal.get("time"):
            continue
        name, value = goal["figure"], figures.get(goal["figure"])
        wanted = ", ".join(f"{word} {goal[word]}" for word in ("least", "most", "is") if word in goal)
        if (
            value is None
            or ("least" in goal and not value >= goal["least"])
            or ("most" in goal and not value <= goal["most"])
            or ("is" in goal and value != goal["is"])
        ):
            found.append(f"{name}: {'not measured' if value is None else value}, wanted {wanted}")
    return found


def times(figures: dict[str, Any], goals: list[dict[str, Any]]) -> list[str]:
    """Each time beside its goal. None decides anything: what else the machine did meanwhile is in it."""
    return [
        f"{goal['figure']} {shown(figures.get(goal['figure'], 'not measured'), 'at most {most}'.format(**goal))}"
        for goal in goals
        if goal.get("time")
    ]
