"""The ``props`` command. Exit codes: 0 done, 1 not everything done, 64 usage, 70 crash."""

from __future__ import annotations

import json
import signal
import sys
import traceback
from datetime import date, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from backfill_jobs.cli.progress import Bars
from shared.errors import AppError

if TYPE_CHECKING:
    from shared.backends import Backend

DONE, FINDING, USAGE, CRASH = 0, 1, 64, 70

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Predictions of NBA player points props.",
)
features = typer.Typer(no_args_is_help=True, help="The feature store.")
runs = typer.Typer(no_args_is_help=True, help="Prediction runs.")
app.add_typer(features, name="features")
app.add_typer(runs, name="runs")

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Game date, US Eastern.")]
ISO = ["%Y-%m-%d"]


@app.command()
def demo(
    data: Annotated[
        Path | None, typer.Option(help="Folder of Parquet files; default: the sample league.")
    ] = None,
    day: Annotated[
        datetime | None, typer.Option("--date", formats=ISO, help="Game date to play, with --data.")
    ] = None,
    keep: Annotated[bool, typer.Option(help="Leave both services up until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Play one game date from start to finish and show what came of it."""
    from backfill_jobs.cli.demo import play

    if (data is None) != (day is None):
        raise typer.BadParameter("--data and --date go together; without both the sample league is played")
    if not play(data, day.date() if day else None, keep, as_json):
        raise typer.Exit(FINDING)


@app.command()
def load(
    folder: Annotated[Path, typer.Argument(help="Folder of games, player_game_logs and prop_lines.parquet.")],
    as_json: Json = False,
) -> None:
    """Add the Parquet files of a folder to what is there; a bad file changes nothing."""
    from shared.application.loading import LoadFolder

    backend = _backend()
    with Bars() as bars:
        loaded = LoadFolder(backend.warehouse, backend.clock)(folder, bars)
    _print(
        as_json,
        {"read": loaded.read, "changed": loaded.changed},
        [f"{t}: {n:,} rows read, {loaded.changed[t]:,} new or changed" for t, n in loaded.read.items()],
    )


@features.command("build")
def features_build(
    dates: Annotated[str | None, typer.Option(help="Game dates, comma-separated.")] = None,
    start_date: Annotated[datetime | None, typer.Option(formats=ISO)] = None,
    end_date: Annotated[datetime | None, typer.Option(formats=ISO)] = None,
    backfill: Annotated[bool, typer.Option(help="Each game as of its own cut-off, for a backfill.")] = False,
    as_json: Json = False,
) -> None:
    """Build the feature store for game dates; a new snapshot each, earlier ones stay."""
    from shared.application.feature_store import BuildFeatures
    from shared.application.slate import Mode

    backend = _backend()
    build = BuildFeatures(backend.warehouse, backend.clock)
    mode = Mode.BACKFILL if backfill else Mode.LIVE
    built = []
    with Bars() as bars:
        for first, last in _ranges(dates, start_date, end_date):
            built += build(first, last, mode, progress=bars)
    rows = [
        {"game_date": b.game_date.isoformat(), "snapshot_id": b.snapshot_id, "games": b.games, "rows": b.rows}
        for b in built
    ]
    lines = [
        f"{r['game_date']}: {r['games']} games, {r['rows']} player rows, {r['snapshot_id']}" for r in rows
    ]
    _print(as_json, {"built": rows}, lines or ["no games on these dates"])
    if not built:
        raise typer.Exit(FINDING)


@app.command()
def grade(
    start_date: Annotated[datetime, typer.Option(formats=ISO)],
    end_date: Annotated[datetime, typer.Option(formats=ISO)],
    as_json: Json = False,
) -> None:
    """Grade the active predictions of finished games."""
    from shared.application.grade import GradePredictions

    graded = GradePredictions(_backend().warehouse)(start_date.date(), end_date.date())
    _print(
        as_json,
        {"outcomes": graded.outcomes, "by_system": graded.by_system},
        [f"{outcome}: {n} rows" for outcome, n in sorted(graded.outcomes.items())] or ["nothing to grade"],
    )


@runs.command("list")
def runs_list(as_json: Json = False) -> None:
    """The newest runs."""
    found = _backend().runs.runs()
    rows = [{"run_id": r.run_id, "game_date": r.game_date.isoformat(), "state": r.state.value} for r in found]
    _print(as_json, {"runs": rows}, [f"{r['run_id']}  {r['state']}" for r in rows] or ["no runs"])


@app.command()
def serve(
    port: Annotated[
        int, typer.Option(help="The coordinator's port; the worker and the broker follow it.")
    ] = 8080,
) -> None:
    """Start coordinator, worker and broker on this machine until Ctrl-C."""
    from backfill_jobs.cli.serve import serve as run

    run(port)


def main() -> int:
    """Run the command and give its exit code."""
    errors = Console(stderr=True, highlight=False)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = app(standalone_mode=False)
    except AppError as exc:
        errors.print(f"props: {exc}", style="red", markup=False)
        return FINDING
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except Exception as exc:  # noqa: BLE001  the last edge: usage errors and crashes become exit codes
        if hasattr(exc, "format_message"):
            errors.print(f"props: {exc.format_message()}; see props --help", style="red", markup=False)
            return USAGE
        traceback.print_exc()
        return CRASH
    return int(code or DONE)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    """Leave by the ordinary way out, so that services that were started are stopped."""
    raise SystemExit(143)


def _backend() -> Backend:
    from shared.backends import BackendSettings, connect

    return connect(BackendSettings())


def _ranges(dates: str | None, start: datetime | None, end: datetime | None) -> list[tuple[date, date]]:
    if dates and not (start or end):
        try:
            days = [date.fromisoformat(d.strip()) for d in dates.split(",")]
        except ValueError as exc:
            raise typer.BadParameter(f"--dates {dates!r}: wanted YYYY-MM-DD,... ({exc})") from exc
        return [(d, d) for d in days]
    if start and end and not dates:
        if end < start:
            raise typer.BadParameter(f"--end-date {end:%Y-%m-%d} is before --start-date {start:%Y-%m-%d}")
        return [(start.date(), end.date())]
    raise typer.BadParameter("give --dates, or --start-date and --end-date")


def _print(as_json: bool, value: object, lines: list[str]) -> None:
    out = Console(highlight=False)
    if as_json:
        out.print_json(json.dumps(value))
    else:
        for line in lines:
            out.print(line, markup=False)


if __name__ == "__main__":
    sys.exit(main())
