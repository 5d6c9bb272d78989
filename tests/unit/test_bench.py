# SPDX-License-Identifier: GPL-3.0-or-later
"""The arithmetic of the benches. The benches themselves are `make bench`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench import bench, measured
from tests.bench.figures import paired, shown, slope

SIZES = [(25, 50, 100), (12, 25, 50), (250, 500, 1000)]


@pytest.mark.parametrize("power", [0.5, 1.0, 1.5, 2.0])
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_a_slope_is_the_power_of_what_grows_whatever_the_start_costs(sizes, power):
    for start in (0.0, 40.0):
        assert slope({size: start + 0.01 * size**power for size in sizes}) == pytest.approx(power, abs=0.02)


def test_sizes_may_come_in_any_order():
    assert slope({100: 4.0, 25: 1.0, 50: 2.0}) == pytest.approx(1)


@pytest.mark.parametrize(
    "costs",
    [
        {25: 1.0, 50: 1.0, 100: 1.0},
        {25: 1.0, 50: 0.9, 100: 2.0},
        {25: 1.0, 50: 2.1, 100: 2.0},
        {25: 1.0, 50: 1.01, 100: 1.015},
    ],
    ids=["flat", "down first", "down last", "by no more than the noise"],
)
def test_what_does_not_grow_has_no_slope(costs):
    assert slope(costs, noise=0.02) is None


def test_a_pair_is_compared_with_itself():
    """The machine was twice as busy during the second pair, and three times during the third one."""
    found = paired([(10.0, 11.0), (20.0, 22.0), (30.0, 36.0)])
    assert (found.floor, found.ours, found.ratio) == (20.0, 22.0, pytest.approx(1.1))


def test_the_median_leaves_a_slow_run_out():
    assert paired([(1.0, 1.0), (1.0, 2.0), (9.0, 90.0), (1.0, 2.0), (1.0, 3.0)]).ratio == 2.0


@pytest.mark.parametrize(
    ("value", "goal", "text"),
    [
        (1.234, "", "1.23"),
        (3, "", "3"),
        (1.234, "at most 1.1", "1.23 (goal: at most 1.1)"),
        (None, "1.0, linear", "not above the noise (goal: 1.0, linear)"),
    ],
)
def test_a_goal_is_beside_its_figure(value, goal, text):
    assert shown(value, goal) == text


def test_a_pair_is_told_with_its_goals():
    noop, *_rest = bench.CASES
    assert bench.figures(noop, "linear", [(9.0, 9.9)]) == [
        ("site_noop_linear_seconds", 9.9, "at most 12"),
        ("site_noop_linear_floor_seconds", 9.0, ""),
        ("site_noop_linear_ratio_to_floor", pytest.approx(1.1), "at most 1.1"),
    ]


@pytest.mark.parametrize("case", [bench.COLD, *bench.CASES], ids=lambda case: case.name)
def test_each_command_of_the_bench_is_there(case):
    assert (bench.ROOT / case.command.split()[0]).is_file()
    assert case.seconds.keys() <= bench.STRATEGIES.keys()


def test_the_script_names_its_parts_where_it_refuses_another_one():
    ran = subprocess.run([bench.ROOT / "scripts/bench", "none"], capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (2, "Usage: scripts/bench [cloud] [many] [site] [sandbox]\n")


def test_a_command_is_measured_and_ends_as_it_ends(tmp_path):
    """Its memory is its own, and not that of who has it measured."""
    command = [sys.executable, "-I", "-S", measured.__file__, tmp_path / "cost", "sh", "-c", "exit 3"]
    assert subprocess.run(command).returncode == 3
    cost = json.loads((tmp_path / "cost").read_text())
    assert cost.keys() == {"seconds", "cpu", "mib"}
    assert cost["mib"] < _own_memory()


def _own_memory() -> float:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
