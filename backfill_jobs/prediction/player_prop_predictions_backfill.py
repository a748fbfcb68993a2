"""Predict game dates as serving would; also ``props predict``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backfill_jobs.cli.dates import Dates, End, Start, dates_in, ranges
from backfill_jobs.cli.framework import FINDING, DryRun, Json, Systems, parse_systems, program, run
from backfill_jobs.cli.output import print_json, print_lines, print_table
from backfill_jobs.cli.progress import Bars

if TYPE_CHECKING:
    from shared.application.backfill.prediction_backfill import BackfillPredictions
    from shared.application.backfill.results import DateResult
    from shared.application.training.train import Window
    from shared.backends import Backend, ModelSettings
    from shared.model_registry.bundle import Bundle


HOURS_BEFORE_DAYS = 48
"""From this many hours on, the time since a tip-off is shown in days."""

JOB_REASON = "prediction backfill job"
"""Default reason of this job's runs; ``props predict`` has no default."""


def predict(
    dates: Dates = None,
    start_date: Start = None,
    end_date: End = None,
    force: Annotated[bool, typer.Option("--force", help="Also replace active rows.")] = False,
    skip_mlfs_check: Annotated[
        bool, typer.Option("--skip-mlfs-check", help="Predict players with features and list the others.")
    ] = False,
    min_mlfs_coverage: Annotated[
        float,
        typer.Option(
            min=0.0, max=100.0, metavar="PERCENT", help="Required percentage of players with features."
        ),
    ] = 90.0,
    systems: Systems = None,
    allow_started: Annotated[
        bool, typer.Option("--allow-started", help="Also predict games that have begun, marked as backfill.")
    ] = False,
    in_sample: Annotated[
        bool,
        typer.Option(
            "--in-sample", help="Use models on games of their training; rows are never active or counted."
        ),
    ] = False,
    accept_findings: Annotated[
        bool,
        typer.Option("--accept-findings", help="Activate systems even if the checks hold their predictions."),
    ] = False,
    dry_run: DryRun = False,
    no_resume: Annotated[
        bool, typer.Option("--no-resume", help="Ignore the checkpoints of an interrupted execution.")
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Show the progress of earlier executions; do nothing.")
    ] = False,
    reason: Annotated[str | None, typer.Option(help="Stored with superseded rows and in the audit.")] = None,
    as_json: Json = False,
) -> None:
    """Predict game dates in one process, with the same systems, ids, lines and features as the services."""
    from shared.application.backfill.prediction_backfill import BackfillOptions
    from shared.application.backfill.results import SUCCESSFUL
    from shared.backends import ModelSettings, connect
    from shared.domain.systems.catalog import SYSTEM_IDS

    settings = ModelSettings()
    if status:
        _status(connect(settings), as_json)
        return
    options = BackfillOptions(
        force=force,
        skip_mlfs_check=skip_mlfs_check,
        least=min_mlfs_coverage / 100.0,
        systems=parse_systems(systems) or SYSTEM_IDS,
        allow_started=allow_started,
        in_sample=in_sample,
        dry_run=dry_run,
        reason=reason,
        accept_findings=accept_findings,
    )
    days = dates_in(ranges(dates, start_date, end_date))
    with Bars() as bars:
        job = prediction_job(connect(settings), settings, bars)
        results = job(days, options, resume=not no_resume, progress=bars)
    if as_json:
        print_json({"dry_run": dry_run, "dates": results})
    else:
        _show(results)
    if any(r.status not in SUCCESSFUL for r in results):
        raise typer.Exit(FINDING)


def prediction_job(backend: Backend, settings: ModelSettings, bars: Bars) -> BackfillPredictions:
    from shared.application.backfill.model_choice import BackfillModels
    from shared.application.backfill.prediction_backfill import BackfillPredictions, Ports
    from shared.application.models.registry import Registry
    from shared.model_registry.loading import load_shadows

    def train(windows: list[Window]) -> dict[str, Bundle]:
        from shared.application.training.train import TrainModels

        return TrainModels(backend.warehouse, backend.models, backend.model_folder, settings.build_commit)(
            windows, backend.clock.now(), bars
        )

    registry = Registry(backend.warehouse)
    models = BackfillModels(
        backend.models, registry, settings.model_paths(), settings.expected_sha256(), train
    )
    ports = Ports(
        backend.warehouse,
        backend.runs,
        backend.job_publisher,
        backend.documents,
        backend.locks,
        backend.clock,
    )
    shadows = load_shadows(backend.models, settings.shadow_paths())
    return BackfillPredictions(ports, models, settings.build_commit, shadows)


def _status(backend: Backend, as_json: bool) -> None:
    from shared.application.backfill.checkpoints import list_executions
    from shared.application.backfill.prediction_backfill import JOB
    from shared.application.backfill.results import DateResult
    from shared.domain.instants import eastern_text

    executions = list_executions(backend.documents, JOB)
    if as_json:
        print_json({"jobs": executions})
        return
    if not executions:
        print_lines(["no earlier execution of this job"])
    for execution in executions:
        dates = execution["arguments"]["dates"]
        state = f"{len(execution['dates'])} of {len(dates)} dates done"
        started = eastern_text(datetime.fromisoformat(execution["started_at"]))
        print_lines([f"{started} {dates[0]} to {dates[-1]}: {execution['state']}, {state}"])
        _show([DateResult.of(plain) for plain in execution["dates"].values()])


def _show(results: Sequence[DateResult]) -> None:
    columns = ("date", "status", "players", "written", "replaced", "to tip-off")
    rows = [
        (
            r.game_date, r.status, r.players, r.rows_written, r.rows_superseded,
            time_to_tipoff(r.minutes_to_first_tipoff, r.status),
        )
        for r in results
    ]  # fmt: skip
    print_table(None, columns, rows)
    lines = []
    for r in results:
        lines += [f"{r.game_date}: {r.note}"] if r.note else []
        lines += [f"{r.game_date}: {s} is off: {reason}" for s, reason in r.systems_off.items()]
        lines += [f"{r.game_date}: {warning}" for warning in r.warnings]
        for reason, left_out in r.left_out.items():
            names = ", ".join(left_out[:6]) + (" ..." if len(left_out) > 6 else "")
            count = "1 player" if len(left_out) == 1 else f"{len(left_out)} players"
            lines.append(f"{r.game_date}: {count} {reason}: {names}")
    print_lines(lines)


def time_to_tipoff(minutes: int | None, status: str) -> str:
    """Return the time to the first tip-off, or how long ago it was; a dash where no game is played."""
    if minutes is None:
        return "-" if status == "NO_GAMES" else "unknown"
    hours = abs(minutes) // 60
    if minutes < 0 and hours >= HOURS_BEFORE_DAYS:
        return f"{hours // 24} days ago"
    return f"{hours} h {abs(minutes) % 60:02d}{' ago' if minutes < 0 else ''}"


def main() -> int:
    app = program("Predict game dates as serving would.")
    app.command(context_settings={"default_map": {"reason": JOB_REASON}})(predict)
    return run(app, Path(__file__).stem)


if __name__ == "__main__":
    sys.exit(main())
