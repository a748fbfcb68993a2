"""Grade finished games; also ``props grade``."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backfill_jobs.cli.dates import Dates, End, Start, ranges
from backfill_jobs.cli.framework import (
    FINDING,
    DryRun,
    Json,
    Systems,
    backend,
    print_json,
    print_lines,
    program,
    run,
    systems_of,
)
from backfill_jobs.cli.progress import Bars
from backfill_jobs.cli.tables import print_table

if TYPE_CHECKING:
    from shared.application.grading.grade import Graded


def grade(
    start_date: Start = None,
    end_date: End = None,
    dates: Dates = None,
    systems: Systems = None,
    regrade: Annotated[bool, typer.Option("--regrade", help="Stamp rows anew whose outcome stands.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Grade predictions of finished games; what is not final is taken by the next run."""
    from shared.application.grading.grade import DONE, GradePredictions
    from shared.domain.instants import eastern_date

    spans = ranges(dates, start_date, end_date)
    use = backend()
    today = eastern_date(use.clock.now())
    if any(last > today for _, last in spans):
        raise typer.BadParameter(f"dates after today, {today}, have nothing to grade")
    chosen = systems_of(systems)
    job = GradePredictions(use.warehouse, use.clock)
    with Bars() as bars:
        parts = [
            job(first, last, systems=chosen, regrade=regrade, write=not dry_run, progress=bars)
            for first, last in spans
        ]
    if as_json:
        print_json(_plain(parts, dry_run))
    else:
        _show(parts, dry_run)
    if any(d.status not in DONE for part in parts for d in part.dates):
        raise typer.Exit(FINDING)


def _plain(parts: list[Graded], dry_run: bool) -> dict[str, object]:
    def total(name: str) -> dict[str, int]:
        return dict(sum((getattr(p, name) for p in parts), Counter()))

    return {
        "outcomes": total("outcomes"),
        "by_system": total("by_system"),
        "by_kind": total("by_kind"),
        "changed": sum(p.changed for p in parts),
        "dry_run": dry_run,
        "dates": [
            {
                "game_date": d.game_date.isoformat(),
                "status": d.status.value,
                "graded": d.graded,
                "pending": d.pending,
                "incomplete_box_scores": [
                    {"game_id": g, "missing": lack} for g, lack in d.incomplete.items()
                ],
            }
            for p in parts
            for d in p.dates
        ],
    }


def _show(parts: list[Graded], dry_run: bool) -> None:
    found: list[tuple[date, str, int, int]] = [
        (d.game_date, d.status.value, d.graded, d.pending)
        for p in parts
        for d in p.dates
        if d.status.value != "NO_GAMES"
    ]
    print_table(None, ("date", "status", "rows graded", "rows waiting"), found)
    incomplete = [
        f"{d.game_date}: {game} waits, incomplete box score: {lack}"
        for p in parts
        for d in p.dates
        for game, lack in d.incomplete.items()
        if d.pending
    ]
    ends: Counter[str] = sum((p.outcomes for p in parts), Counter())
    said = [f"{outcome}: {n} rows" for outcome, n in sorted(ends.items())] or ["nothing to grade"]
    changed = f"{sum(p.changed for p in parts)} rows new or changed"
    print_lines([*incomplete, *said, "dry run: nothing was written" if dry_run else changed])


def main() -> int:
    app = program("Grade predictions of finished games.")
    app.command()(grade)
    return run(app, Path(__file__).stem)


if __name__ == "__main__":
    sys.exit(main())
