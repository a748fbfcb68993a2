"""``props bench``: measured ratios of this product to others. Benches are in the tests of a checkout."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import typer
from rich.console import Console

from backfill_jobs.cli.framework import FINDING, Json
from backfill_jobs.cli.output import print_json, print_table

ROOT = Path(__file__).parents[2]


class Ratio(TypedDict):
    """Ratios over the rounds of a bench."""

    min: float
    median: float
    max: float


class BenchResult(TypedDict):
    """Result of a bench; the field ``beside`` holds additional measurements by name."""

    name: str
    unit: str
    ratio: Ratio
    rounds: int
    bar: float
    aim: float
    wanted: Literal["at most", "at least"]
    holds: bool
    reaches_aim: bool
    beside: dict[str, float]


Name = Annotated[str | None, typer.Argument(help="One bench only; default: all of them.")]
Quick = Annotated[bool, typer.Option("--quick", help="Fewer rounds, and only benches that take seconds.")]
Rounds = Annotated[
    int | None, typer.Option(min=1, max=1000, help="Rounds of each bench; default 5, quick 3.")
]


def bench(name: Name = None, quick: Quick = False, rounds: Rounds = None, as_json: Json = False) -> None:
    """Measure ratios to the old design, to the upper limit and to peers; exit 1 if one misses its bar.

    Numbers are medians of rounds in which both sides alternate. Benches that cannot run here are skipped.
    """
    suite = _suite()
    benches = [b for b in suite.benches() if name in (None, b.name) and (b.quick or not quick or name)]
    if not benches:
        names = ", ".join(b.name for b in suite.benches())
        raise typer.BadParameter(f"unknown bench {name!r}, expected one of {names}")
    rounds = rounds or (suite.QUICK_ROUNDS if quick else suite.ROUNDS)
    errors = Console(stderr=True, highlight=False)
    errors.print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {rounds} rounds", markup=False)
    results: list[BenchResult] = []
    for b in benches:
        try:
            results.append(suite.Result(b, b.measure(rounds)).plain())
        except suite.LeftOut as exc:
            errors.print(f"{b.name} is skipped: {exc}", markup=False)
    if as_json:
        print_json(results)
    else:
        _table(results)
    if not all(r["holds"] for r in results):
        raise typer.Exit(FINDING)


def _suite() -> Any:
    """Return the benches of this checkout; a usage error if the installation has none."""
    if not (ROOT / "tests" / "bench" / "suite.py").exists():
        raise typer.BadParameter(
            "benches are part of a checkout, not of the installed package: run them from a clone"
        )
    sys.path.insert(0, str(ROOT))
    return importlib.import_module("tests.bench.suite")


def _table(results: list[BenchResult]) -> None:
    rows = [
        [
            r["name"], *r["ratio"].values(), r["bar"], r["aim"],
            "aim" if r["reaches_aim"] else "holds" if r["holds"] else "broken",
            f"{r['unit']} ({r['wanted']} the bar)",
        ]
        for r in results
    ]  # fmt: skip
    print_table(None, ["bench", "min", "median", "max", "bar", "aim", "", "ratio"], rows)
