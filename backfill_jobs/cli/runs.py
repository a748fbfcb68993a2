"""``props runs``: list runs, show one, and end those past their deadline."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backfill_jobs.cli.dates import date_option
from backfill_jobs.cli.framework import Json, connect_backend, program
from backfill_jobs.cli.output import print_json, print_lines, print_table, show, show_table
from backfill_jobs.cli.progress import waiting
from shared.domain.vocabulary import OutcomeKind

if TYPE_CHECKING:
    from shared.application.views.run_list import RunRow
    from shared.application.views.run_progress import RunProgress, Step

runs = program("Prediction runs: state and results.")


@runs.command("list", examples=("props runs list", "props runs list --date TODAY"))
def list_(
    day: Annotated[date | None, date_option("Only this game date.", "--date")] = None, as_json: Json = False
) -> None:
    """The newest runs."""
    from shared.application.views.run_list import ListRuns

    newest_runs = ListRuns(connect_backend().runs)(day).runs
    columns = ("run", "state", "mode", "players", "opened (real time)", "seconds", "note")
    rows = [_cells(r) for r in newest_runs]
    show_table(as_json, {"runs": [_plain(r) for r in newest_runs]}, columns, rows, "no runs")


@runs.command("show", examples=("props runs show RUN_ID",))
def show_run(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="Shown by list.")], as_json: Json = False
) -> None:
    """One run: progress, players without a prediction and the reasons, and rows of each system."""
    from shared.application.runs.lifecycle import DEADLINE
    from shared.application.views.run_progress import ShowRun

    backend = connect_backend()
    with waiting("reading the run"):
        progress = ShowRun(backend.warehouse, backend.runs, DEADLINE)(run_id)
    if as_json:
        print_json(_plain_progress(progress))
    else:
        _show(progress)


@runs.command("check-stalled", examples=("props runs check-stalled",))
def check_stalled(as_json: Json = False) -> None:
    """End the runs whose deadline has passed; their notes name the players without an outcome."""
    from shared.application.runs.activation import Activate
    from shared.application.runs.lifecycle import EndStalledRuns, FinishRun

    backend = connect_backend()
    finish = FinishRun(backend.runs, Activate(backend.warehouse, backend.job_publisher, backend.clock))
    ended_runs = EndStalledRuns(backend.runs, finish)(datetime.now(UTC))
    show(
        as_json, {"ended": ended_runs}, [f"ended {r}" for r in ended_runs] or ["no run is past its deadline"]
    )


def _show(progress: RunProgress) -> None:
    run, counts = progress.run, progress.progress
    lines = [
        f"{run.run_id}: {run.state}, {run.mode.lower()}, "
        f"{counts.done} of {counts.expected} players have an outcome",
        *([f"  {run.note}"] if run.note else []),
        *(f"  {step.what.lower()}{_time_of(step)}: {step.detail}" for step in progress.steps),
        *(f"  {name} is unavailable" for name in progress.unavailable),
    ]
    print_lines(lines)
    systems = [(s.system_id, s.predicted, s.reasons) for s in progress.systems]
    print_table("Rows of each system", ("system", "rows", "reasons for no row"), systems)
    rows = [
        (o.player_lookup, o.outcome, o.reason) for o in progress.players if o.outcome != OutcomeKind.PREDICTED
    ]
    if rows:
        print_table("Players without a prediction", ("player", "outcome", "reason"), rows)


def _time_of(step: Step) -> str:
    """Return the time of a step and its clock; runs are opened and closed in real time."""
    from shared.domain.instants import eastern_text

    if step.at is None:
        return ""
    return f" {eastern_text(step.at)} ({'product clock' if step.by_product_clock else 'real time'})"


def _plain_progress(progress: RunProgress) -> dict[str, Any]:
    counts = progress.progress
    plain = {k: v for k, v in vars(progress).items() if k != "unavailable"}
    return plain | {
        "run": _plain(progress.run),
        "request": dict(progress.request),
        "progress": {"expected": counts.expected, "done": counts.done, **counts.kinds},
        "away": progress.unavailable,
    }


def _plain(run: RunRow) -> dict[str, Any]:
    return {**asdict(run), "took": run.took.total_seconds() if run.took else None}


def _cells(run: RunRow) -> tuple[Any, ...]:
    from shared.domain.instants import eastern_text

    seconds = round(run.took.total_seconds(), 1) if run.took else None
    opened_at, note = eastern_text(run.opened_at), run.note or ""
    return run.run_id, run.state, run.mode.lower(), run.expected_players, opened_at, seconds, note
