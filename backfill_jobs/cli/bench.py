"""``props bench``: ratios of this product to others, measured in turn. Benches live in a checkout's tests."""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import Annotated, Any, Literal, TypedDict

import typer
from rich.console import Console

from backfill_jobs.cli.framework import FINDING, Json, print_json
from backfill_jobs.cli.tables import print_table

ROOT = Path(__file__).parents[2]


class Ratio(TypedDict):
    """Of the rounds of a bench."""

    min: float
    median: float
    max: float


class Measured(TypedDict):
    """A bench and what came of it; ``beside``: what else was measured, by name."""

    name: str
    unit: str
    ratio: Ratio
    rounds: int
    bar: float
    aim: float
    wanted: Literal["at most", "at least"]
    holds: bool
    reaches_aim: bool
    beside: Annotated[dict[str, float], "NAME"]


Name = Annotated[str | None, typer.Argument(help="One bench only; default: all of them.")]
Quick = Annotated[bool, typer.Option("--quick", help="Fewer rounds, and only benches that take seconds.")]
Rounds = Annotated[
    int | None, typer.Option(min=1, max=1000, help="Rounds of each bench; default 5, quick 3.")
]


def bench(name: Name = None, quick: Quick = False, rounds: Rounds = None, as_json: Json = False) -> None:
    """Measure ratios to the old shape, to the ceiling and to peers; 1 where one misses its bar.

    Numbers are medians of rounds in which the sides took turns. What cannot run here is left out, and said.
    """
    suite = _suite()
    chosen = [b for b in suite.benches() if name in (None, b.name) and (b.quick or not quick or name)]
    if not chosen:
        names = ", ".join(b.name for b in suite.benches())
        raise typer.BadParameter(f"bench {name!r} is unknown, wanted one of {names}")
    rounds = rounds or (suite.QUICK_ROUNDS if quick else suite.ROUNDS)
    errors = Console(stderr=True, highlight=False)
    errors.print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores, {rounds} rounds", markup=False)
    found: list[Measured] = []
    for one in chosen:
        try:
            found.append(suite.Result(one, one.measure(rounds)).plain())
        except suite.LeftOut as exc:
            errors.print(f"{one.name} is left out: {exc}", markup=False)
    if as_json:
        print_json(found)
    else:
        _table(found)
    if not all(r["holds"] for r in found):
        raise typer.Exit(FINDING)


def _suite() -> Any:
    """The benches of this checkout; a usage error where the product is installed without them."""
    if not (ROOT / "tests" / "bench" / "suite.py").exists():
        raise typer.BadParameter(
            "benches are part of a checkout, not of the installed package: run them from a clone"
        )
    sys.path.insert(0, str(ROOT))
    return importlib.import_module("tests.bench.suite")


def _table(found: list[Measured]) -> None:
    rows = [
        [
            r["name"],
            r["ratio"]["min"],
            r["ratio"]["median"],
            r["ratio"]["max"],
            r["bar"],
            r["aim"],
            "aim" if r["reaches_aim"] else "holds" if r["holds"] else "broken",
            f"{r['unit']} ({r['wanted']} the bar)",
        ]
        for r in found
    ]
    print_table(None, ["bench", "min", "median", "max", "bar", "aim", "", "ratio"], rows)
