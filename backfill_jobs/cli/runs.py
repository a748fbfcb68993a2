"""``props runs``: which runs there were, how one went, and ending those that are past their deadline."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backfill_jobs.cli.dates import game_date
from backfill_jobs.cli.framework import Json, backend, print_json, print_lines, program, show
from backfill_jobs.cli.progress import waiting
from backfill_jobs.cli.tables import print_table

if TYPE_CHECKING:
    from shared.application.views.run_list import RunRow
    from shared.application.views.run_progress import RunProgress, Step

runs = program("Prediction runs: what became of them.")


@runs.command("list", examples=("props runs list", "props runs list --date TODAY"))
def list_(
    day: Annotated[
        date | None, typer.Option("--date", parser=game_date, metavar="DATE", help="Only of this game date.")
    ] = None,
    as_json: Json = False,
) -> None:
    """The newest runs."""
    from shared.application.views.run_list import ListRuns

    found = ListRuns(backend().runs)(day).runs
    if as_json:
        print_json({"runs": [_plain(r) for r in found]})
    elif found:
        columns = ("run", "state", "mode", "players", "opened (real time)", "seconds", "note")
        print_table(None, columns, [_cells(r) for r in found])
    else:
        print_lines(["no runs"])


@runs.command("show", examples=("props runs show RUN_ID",))
def show_one(
    run_id: Annotated[str, typer.Argument(metavar="RUN_ID", help="As list shows it.")], as_json: Json = False
) -> None:
    """One run: how far it is, who was not predicted and why, and what each system emitted."""
    from shared.application.runs.lifecycle import DEADLINE
    from shared.application.views.run_progress import ShowRun

    use = backend()
    with waiting("reading the run"):
        told = ShowRun(use.warehouse, use.runs, DEADLINE)(run_id)
    if as_json:
        print_json(_told(told))
    else:
        _show(told)


@runs.command("check-stalled", examples=("props runs check-stalled",))
def check_stalled(as_json: Json = False) -> None:
    """End the runs whose deadline has passed, naming who never answered."""
    from shared.application.runs.activation import Activate
    from shared.application.runs.lifecycle import EndStalledRuns, FinishRun

    use = backend()
    finish = FinishRun(use.runs, Activate(use.warehouse, use.job_publisher, use.clock))
    ended = EndStalledRuns(use.runs, finish)(datetime.now(UTC))
    show(as_json, {"ended": ended}, [f"ended {r}" for r in ended] or ["no run is past its deadline"])


def _show(told: RunProgress) -> None:
    r, p = told.run, told.progress
    lines = [
        f"{r.run_id}: {r.state}, {r.mode.lower()}, {p.done} of {p.expected} players have an outcome",
        *([f"  {r.note}"] if r.note else []),
        *(f"  {step.what.lower()}{_moment(step)}: {step.detail}" for step in told.steps),
        *(f"  {name} does not answer" for name in told.unavailable),
    ]
    print_lines(lines)
    systems = [(s.system_id, s.predicted, s.reasons) for s in told.systems]
    print_table("Rows of each system", ("system", "rows", "nothing emitted because"), systems)
    rest = [(o.player_lookup, o.outcome, o.reason) for o in told.players if o.outcome != "predicted"]
    if rest:
        print_table("Who was not predicted", ("player", "outcome", "reason"), rest)


def _moment(step: Step) -> str:
    """When a step was, and by which clock: runs are opened and closed in real time."""
    from shared.domain.instants import eastern_text

    if step.at is None:
        return ""
    return f" {eastern_text(step.at)} ({'product clock' if step.by_product_clock else 'real time'})"


def _told(told: RunProgress) -> dict[str, Any]:
    p = told.progress
    return {
        "run": _plain(told.run),
        "under_way": told.under_way,
        "request": dict(told.request),
        "progress": {"expected": p.expected, "done": p.done, **p.kinds},
        "players": [asdict(o) for o in told.players],
        "systems": [asdict(s) for s in told.systems],
        "steps": [asdict(s) for s in told.steps],
        "replacements": [asdict(r) for r in told.replacements],
        "away": list(told.unavailable),
    }


def _plain(run: RunRow) -> dict[str, Any]:
    took = run.took.total_seconds() if run.took else None
    return {**asdict(run), "took": took}


def _cells(run: RunRow) -> tuple[Any, ...]:
    from shared.domain.instants import eastern_text

    took = round(run.took.total_seconds(), 1) if run.took else None
    return (
        run.run_id,
        run.state,
        run.mode.lower(),
        run.expected_players,
        eastern_text(run.opened_at),
        took,
        run.note or "",
    )
