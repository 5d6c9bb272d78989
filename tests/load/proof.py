"""Releases, good and bad, under load: prints a table of what each cost the visitors. The end-to-end tests have a short
form of it. Needs the sandbox with the converged droplet that they leave.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.load import peers
from tests.load.generator import Result
from tests.load.releases import BAD, KILLED, Row, clean_up, ground


def prove(folder: Path, good: int, rate: int) -> tuple[list[Row], Result]:
    with ground(folder, rate) as proof:
        for _ in range(good):
            report(proof.good())
        for kind in BAD:
            report(proof.bad(kind, proof.source(kind)))
        for task in KILLED:
            report(proof.killed(task))
        report(proof.disk_full())
        report(proof.good("good, after all that"))
    return proof.rows, proof.traffic.result


def compare(folder: Path, rate: int) -> list[Row]:
    with ground(folder, 1) as proof:
        report(proof.good())  # so that green is the colour that its site knows
        return [report(peers.under_load(folder, rate, what)) for what in peers.PROCEDURES]


def releases(folder: Path, options: argparse.Namespace) -> list[str]:
    rows, result = prove(folder, options.good, options.rate)
    print(table(rows))
    print(f"requests_sent: {result.sent}\nrequests_failed: {result.failed}\nslowest_seconds: {result.slowest:.2f}")
    print(f"websockets_opened: {result.websockets}\nwebsockets_cut_by_drain: {result.websockets_cut}")
    return [*problems(rows), *(f"failure: {line}" for line in result.first_failures)]


def others(folder: Path, options: argparse.Namespace) -> list[str]:
    rows = compare(folder, options.rate)
    print(table(rows))
    return problems(rows)


def speed(folder: Path, options: argparse.Namespace) -> list[str]:
    """A change in both images of the demo app, without other load."""
    demo, plain = peers.demo_by_role(folder), peers.demo_by_compose(folder)
    peers.restore_demo()
    print(f"demo_app_live_seconds: {demo:.0f}\ndemo_app_live_seconds_plain: {plain:.0f}\nratio: {demo / plain:.2f}")
    return [] if demo <= 1.5 * plain else [f"problem: {demo:.0f} s is more than 1.5 times {plain:.0f} s"]


PARTS = {"releases": releases, "others": others, "speed": speed}


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
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"{', '.join(PARTS)}; by default all")
    parser.add_argument("--good", type=int, default=20)
    parser.add_argument("--rate", type=int, default=200)
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no part {', '.join(unknown)}")
    found = []
    clean_up()
    with tempfile.TemporaryDirectory() as name:
        for part in options.parts or PARTS:
            found += PARTS[part](Path(name), options)
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
