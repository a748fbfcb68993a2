"""Results of the past: ``props bench --json | python -m tests.bench.history NOTE`` adds one and draws all.

``docs/performance.json`` is a list, the oldest first; ``docs/performance.svg`` shows each bench's median as a share
of its bar, above 1 where the bar is kept.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from tests.bench.world import ROOT

HISTORY, PLOT = ROOT / "docs" / "performance.json", ROOT / "docs" / "performance.svg"

MARKS = (0.1, 0.2, 0.5, 1, 2, 5, 10)


def add(results: list[dict[str, Any]], note: str) -> list[dict[str, Any]]:
    """The history with one entry more: when, which commit, on how busy a machine."""
    command = ["git", "rev-parse", "--short=12", "HEAD"]
    commit = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()
    entry = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit,
        "note": note,
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[2], 1),
        "results": results,
    }
    history = [*read(), entry]
    HISTORY.write_text(json.dumps(history, indent=1) + "\n")
    return history


def read() -> list[dict[str, Any]]:
    return list(json.loads(HISTORY.read_text())) if HISTORY.exists() else []


def margin(result: dict[str, Any]) -> float | None:
    """How many times better than its bar a bench is; None where the bar is nothing at all."""
    ratio, bar = result["ratio"]["median"], result["bar"]
    better = (bar, ratio) if result["wanted"] == "at most" else (ratio, bar)
    return better[0] / better[1] if better[1] else None


def draw(history: list[dict[str, Any]], path: Path) -> None:
    names = list(dict.fromkeys(r["name"] for e in history for r in e["results"] if margin(r) is not None))
    mpl.rcParams |= {"svg.hashsalt": "performance", "svg.fonttype": "none", "font.family": "sans-serif"}
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    axes = figure.add_subplot()
    axes.set_prop_cycle(color=mpl.colormaps["tab20"].colors)
    for name in names:
        told = [(i, margin(r)) for i, e in enumerate(history) for r in e["results"] if r["name"] == name]
        axes.plot([i for i, _ in told], [m for _, m in told], marker="o", label=name)
    axes.axhline(1.0, color="black", linewidth=1)
    axes.set_yscale("log")
    axes.set_ylabel("times better than the bar")
    axes.yaxis.set_major_locator(FixedLocator(MARKS))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xticks(range(len(history)), [f"{i}\n{e['date'][5:]}" for i, e in enumerate(history, 1)])
    axes.set_xlabel("entry, month and day")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5), frameon=False)
    figure.savefig(path, format="svg", metadata={"Date": None})


if __name__ == "__main__":
    draw(add(json.load(sys.stdin), " ".join(sys.argv[1:]) or "-"), PLOT)
