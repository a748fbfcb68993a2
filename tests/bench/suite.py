"""The benches there are, and how one is told: a ratio of two sides that were measured in turn in the same run.

A bench is a ``Bench`` in the ``BENCHES`` of a module that ``MODULES`` names. Seconds of a shared machine say
little, so none are compared with a bar; nothing of this is asserted by ``make test``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from backfill_jobs.cli import bench

MODULES = (
    "tests.bench.push",
    "tests.bench.game_day",
    "tests.bench.answers",
    "tests.bench.console",
    "tests.bench.against_peers",
)
"""Where benches are declared, in the order in which they run."""

ROUNDS, QUICK_ROUNDS = 5, 3


class LeftOut(Exception):
    """This bench cannot run here; says what is missing and how it is had."""


@dataclass(frozen=True)
class Measured:
    """One ratio a round, and side figures by name: CPU time beside wall time, counts."""

    ratios: Sequence[float]
    beside: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Bench:
    """``measure`` takes the number of rounds. ``bar`` must be kept, ``aim`` is what we want to reach.

    ``most``: the ratio is to be at most the bar, else at least. ``quick``: runs in seconds.
    """

    name: str
    unit: str
    bar: float
    aim: float
    measure: Callable[[int], Measured]
    most: bool = False
    quick: bool = False


@dataclass(frozen=True)
class Result:
    bench: Bench
    measured: Measured

    @property
    def holds(self) -> bool:
        """Whether the median keeps the bar."""
        return self.keeps(self.bench.bar)

    def keeps(self, wanted: float) -> bool:
        middle = median(self.measured.ratios)
        return middle <= wanted if self.bench.most else middle >= wanted

    def plain(self) -> bench.BenchResult:
        b, ratios = self.bench, self.measured.ratios
        return {
            "name": b.name,
            "unit": b.unit,
            "ratio": {"min": min(ratios), "median": median(ratios), "max": max(ratios)},
            "rounds": len(ratios),
            "bar": b.bar,
            "aim": b.aim,
            "wanted": "at most" if b.most else "at least",
            "holds": self.holds,
            "reaches_aim": self.keeps(b.aim),
            "beside": dict(self.measured.beside),
        }


def benches() -> list[Bench]:
    """Every bench, in the order in which they run."""
    return [bench for module in MODULES for bench in importlib.import_module(module).BENCHES]
