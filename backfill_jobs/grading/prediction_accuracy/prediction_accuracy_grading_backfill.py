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
    connect_backend,
    parse_systems,
    program,
    run,
)
from backfill_jobs.cli.output import print_json, print_lines, print_table
from backfill_jobs.cli.progress import Bars

if TYPE_CHECKING:
    from shared.application.grading.grade import GradingResult


def grade(
    start_date: Start = None,
    end_date: End = None,
    dates: Dates = None,
    systems: Systems = None,
    regrade: Annotated[bool, typer.Option("--regrade", help="Write rows again even if unchanged.")] = False,
    dry_run: DryRun = False,
    as_json: Json = False,
) -> None:
    """Grade predictions of finished games. Games that are not final are graded by a later run."""
    from shared.application.grading.grade import FINISHED_STATUSES, GradePredictions
    from shared.domain.instants import eastern_date

    spans = ranges(dates, start_date, end_date)
    backend = connect_backend()
    today = eastern_date(backend.clock.now())
    if any(last > today for _, last in spans):
        raise typer.BadParameter(f"dates after today ({today}) cannot be graded")
    chosen_systems = parse_systems(systems)
    job = GradePredictions(backend.warehouse, backend.clock)
    with Bars() as bars:
        parts = [
            job(first, last, systems=chosen_systems, regrade=regrade, write=not dry_run, progress=bars)
            for first, last in spans
        ]
    if as_json:
        print_json(_plain(parts, dry_run))
    else:
        _show(parts, dry_run)
    if any(d.status not in FINISHED_STATUSES for part in parts for d in part.dates):
        raise typer.Exit(FINDING)


def _plain(parts: list[GradingResult], dry_run: bool) -> dict[str, object]:
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
                "game_date": d.game_date,
                "status": d.status,
                "graded": d.graded,
                "pending": d.pending,
                "incomplete_box_scores": [
                    {"game_id": g, "missing": missing} for g, missing in d.incomplete.items()
                ],
            }
            for p in parts
            for d in p.dates
        ],
    }


def _show(parts: list[GradingResult], dry_run: bool) -> None:
    rows: list[tuple[date, str, int, int]] = [
        (d.game_date, d.status.value, d.graded, d.pending)
        for p in parts
        for d in p.dates
        if d.status.value != "NO_GAMES"
    ]
    print_table(None, ("date", "status", "rows graded", "rows waiting"), rows)
    incomplete = [
        f"{d.game_date}: {game} not graded, incomplete box score: {missing}"
        for p in parts
        for d in p.dates
        for game, missing in d.incomplete.items()
        if d.pending
    ]
    outcomes: Counter[str] = sum((p.outcomes for p in parts), Counter())
    totals = [f"{outcome}: {n} rows" for outcome, n in sorted(outcomes.items())] or ["nothing to grade"]
    changed = f"{sum(p.changed for p in parts)} rows new or changed"
    print_lines([*incomplete, *totals, "dry run: nothing was written" if dry_run else changed])


def main() -> int:
    app = program("Grade predictions of finished games.")
    app.command()(grade)
    return run(app, Path(__file__).stem)


if __name__ == "__main__":
    sys.exit(main())
