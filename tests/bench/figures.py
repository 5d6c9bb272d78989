# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benches print, and their arithmetic. Pure but for `say`.

No figure decides an exit status: what else the machine does is in each of them. A goal is printed beside its figure.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Paired:
    """Medians of pairs that were measured in turn: of ours, of the floor, and of each pair's own ratio."""

    ours: float
    floor: float
    ratio: float


def paired(pairs: Sequence[tuple[float, float]]) -> Paired:
    """Return the medians of (floor, ours). The two of a pair ran one after the other, so that what else the machine did
    meanwhile is in both, and little of it in their ratio; hence the median of ratios, and not the ratio of medians."""
    return Paired(
        ours=median(ours for _floor, ours in pairs),
        floor=median(floor for floor, _ours in pairs),
        ratio=median(ours / floor for floor, ours in pairs),
    )


def slope(costs: Mapping[int, float], noise: float = 0.0) -> float | None:
    """Return by which power of the size a cost grows, from its cost at three sizes: 1 is linear, 2 quadratic.

    Of `a + b * size ** k` that is k, whatever `a` is, the start of a process: only the two increments count. What an
    increment costs for each more of the size is compared between both, at the middle of either. Return None where there
    is nothing to compare: the cost grows by no more than `noise` in all, or one of the increments is not positive.
    """
    sizes = sorted(costs)
    low, middle, high = (costs[size] for size in sizes)
    if high - low <= noise or middle <= low or high <= middle:
        return None
    rates = [(costs[b] - costs[a]) / (b - a) for a, b in itertools.pairwise(sizes)]
    places = [math.sqrt(a * b) for a, b in itertools.pairwise(sizes)]
    return 1 + math.log(rates[1] / rates[0]) / math.log(places[1] / places[0])


def shown(value: float | str | None, goal: str = "") -> str:
    """Write a figure, with its goal beside it."""
    text = "not above the noise" if value is None else f"{value:.2f}" if isinstance(value, float) else str(value)
    return f"{text} (goal: {goal})" if goal else text


def say(name: str, value: float | str | None, goal: str = "") -> None:
    print(f"{name}: {shown(value, goal)}", flush=True)
