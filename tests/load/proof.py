# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases, good and bad, under load: prints a table of what each cost the visitors. The end-to-end tests have a short
form of it. Needs the sandbox with the converged droplet that they leave.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

import yaml

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.e2e.driver import ROOT
from tests.load import peers
from tests.load.releases import BAD, KILLED, Proof, Row, clean_up, ground

WATCH = yaml.safe_load((ROOT / "roles/app_compose/defaults/main.yml").read_text())["app_compose_soak"]


def good(proof: Proof, count: int) -> None:
    for _ in range(count):
        report(proof.good())


def bad(proof: Proof, _count: int) -> None:
    for kind in BAD:
        report(proof.bad(kind, proof.source(kind)))
    report(proof.disk_full())
    report(proof.good("good, after bad ones"))


def killed(proof: Proof, _count: int) -> None:
    for step in KILLED:
        report(proof.killed(step))


UNDER_LOAD = {"good": good, "bad": bad, "killed": killed}


def releases(folder: Path, parts: list[str], count: int, rate: int) -> list[str]:
    """One load through all of them."""
    with ground(folder, rate) as proof:
        try:
            for part in parts:
                UNDER_LOAD[part](proof, count)
        finally:
            print(table(proof.rows), flush=True)
    result = proof.traffic.result
    print(f"requests_sent: {result.sent}\nrequests_failed: {result.failed}\nslowest_seconds: {result.slowest:.2f}")
    print(f"websockets_opened: {result.websockets}\nwebsockets_cut_by_drain: {result.websockets_cut}")
    return [*problems(proof.rows), *(f"failure: {line}" for line in result.first_failures)]


def compare(folder: Path, rate: int) -> list[Row]:
    with ground(folder, 1) as proof:
        report(proof.good())  # so that green is the colour that its site knows
        return [report(peers.under_load(folder, rate, what)) for what in peers.PROCEDURES]


def others(folder: Path, rate: int) -> list[str]:
    rows = compare(folder, rate)
    print(table(rows))
    return problems(rows)


def speed(folder: Path, _rate: int) -> list[str]:
    """A change in both images of the demo app, without other load. Where the build is short, the watch alone is more
    than the half that may come on top: docs/decisions/0012."""
    found = []
    for what, change, watch in (("code", peers.CODE, WATCH), ("dependencies", peers.DEPENDENCIES, 0)):
        demo, plain = peers.demo_by_role(folder, change), peers.demo_by_compose(folder, change)
        print(
            f"{what}_live_seconds: {demo:.0f}\n{what}_live_seconds_plain: {plain:.0f}\n{what}_ratio: {demo / plain:.2f}"
        )
        if demo - watch > 1.5 * plain:
            found.append(f"problem: {what}: {demo - watch:.0f} s is more than 1.5 times {plain:.0f} s")
    peers.restore_demo()
    return found


BESIDE = {"others": others, "speed": speed}


def report(row: Row) -> Row:
    print(f"# {row.what}: exit {row.status}, {row.seconds:.0f} s, {row.failed} failed", file=sys.stderr, flush=True)
    return row


def seconds(values: list[float]) -> str:
    return f"{median(values):.0f}" if values else "-"


def table(rows: list[Row]) -> str:
    """A line for each kind of release; of several the median."""
    lines = ["| release | runs | exit | live after | back after | failed requests |", "|---|---|---|---|---|---|"]
    for what in dict.fromkeys(row.what for row in rows):
        mine = [row for row in rows if row.what == what]
        status = ", ".join(sorted({str(row.status) for row in mine}))
        live, back = seconds([r.live for r in mine if r.live is not None]), seconds([r.seconds for r in mine])
        lines.append(f"| {what} | {len(mine)} | {status} | {live} | {back} | {sum(r.failed for r in mine)} |")
    return "\n".join(lines)


def problems(rows: list[Row]) -> list[str]:
    return [f"problem: {row.what}: {problem}" for row in rows for problem in row.problems]


def main() -> int:
    parts = [*UNDER_LOAD, *BESIDE]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(parts)}; by default all")
    parser.add_argument("--good", type=int, default=20)
    parser.add_argument("--rate", type=int, default=200)
    options = parser.parse_args()
    if unknown := set(options.parts) - set(parts):
        parser.error(f"there is no part {', '.join(unknown)}")
    chosen = options.parts or parts
    found = []
    clean_up()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if under_load := [part for part in chosen if part in UNDER_LOAD]:
            found += releases(folder, under_load, options.good, options.rate)
        for part in [part for part in chosen if part in BESIDE]:
            (folder / part).mkdir()
            found += BESIDE[part](folder / part, options.rate)
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
