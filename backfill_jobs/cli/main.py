"""The ``props`` command, put together from the modules of this package."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backfill_jobs.cli import (
    bench,
    deadletters,
    deployments,
    evaluation,
    feature_store,
    models,
    reports,
    runs,
)
from backfill_jobs.cli.dates import date_option
from backfill_jobs.cli.feeds import day, fetch, imports, players
from backfill_jobs.cli.framework import FINDING, Json, connect_backend, program, run
from backfill_jobs.cli.output import print_lines, show
from backfill_jobs.cli.progress import Bars
from backfill_jobs.grading.prediction_accuracy.prediction_accuracy_grading_backfill import grade
from backfill_jobs.prediction.player_prop_predictions_backfill import predict
from shared import __version__

if TYPE_CHECKING:
    from shared.application.ingestion.load import LoadResult

START, DAILY, MODELS, INSPECT, OPERATE = (
    "Getting started", "Every day", "Models", "Inspect", "Operate"
)  # fmt: skip
"""Titles of the groups of commands in the help, in their order."""

EPILOG = """\
To predict a first date with your own data: load DIR, features build --dates D, \
predict --dates D --allow-started, grade --dates D. To find a problem: doctor, then validate-daily --date D.

Dates are YYYY-MM-DD, TODAY, TODAY+n, TODAY-n or TOMORROW, US Eastern. Every command has --help; every \
command except serve has --json. Replace the words in capitals in the examples.

Exit codes: 0 done, 1 a finding or incomplete work, 2 a critical finding, 64 wrong usage, 70 crash.

NO_COLOR=1 turns colours off. PROPS_HOME is the folder of the state (.props); PROPS_BACKEND=gcp uses \
Google Cloud. Documentation: docs/README.md, or make docs."""

app = program("Predictions of NBA player points props.", EPILOG)


def _print_version(is_requested: bool) -> None:
    if is_requested:
        print_lines([f"props {__version__}"])
        raise typer.Exit


@app.callback()
def options(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Options of the program itself."""


@app.command(
    rich_help_panel=START,
    examples=(
        "props demo",
        "props demo --data DIR --date YYYY-MM-DD",
        "props demo --keep",
        "props demo --feed-files DIR",
    ),
)
def demo(
    data: Annotated[
        Path | None, typer.Option(help="Folder of Parquet files; default: the sample league.")
    ] = None,
    day: Annotated[date | None, date_option("Game date to run, with --data.", "--date")] = None,
    keep: Annotated[bool, typer.Option(help="Keep both services running until Ctrl-C.")] = False,
    feed_files: Annotated[
        Path | None,
        typer.Option(help="Write files as feeds publish them, to try props import, and exit.", metavar="DIR"),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run one game date from loading to grading and show the results."""
    from backfill_jobs.cli.demo import run_demo, write_feed_files

    if feed_files is not None:
        if data is not None or day is not None or keep or as_json:
            raise typer.BadParameter("--feed-files writes the sample league; give it without other options")
        write_feed_files(feed_files)
        return
    if (data is None) != (day is None):
        raise typer.BadParameter("give both --data and --date, or neither to use the sample league")
    if not run_demo(data, day, keep, as_json):
        raise typer.Exit(FINDING)


@app.command(rich_help_panel=START, examples=("props load DIR",))
def load(
    folder: Annotated[Path, typer.Argument(help="Folder of games, player_game_logs and prop_lines.parquet.")],
    as_json: Json = False,
) -> None:
    """Load the Parquet files of a folder; if a file is invalid, nothing is changed.

    Exit code 1 if a file is refused, or if loaded rows must be reviewed.
    """
    from shared.application.ingestion.load import LoadFolder

    if not folder.is_dir():
        raise typer.BadParameter(f"{folder}: no such folder")
    backend = connect_backend()
    with Bars() as bars:
        loaded = LoadFolder(backend.warehouse, backend.clock)(folder, bars)
    show(
        as_json,
        {
            "read": loaded.read,
            "changed": loaded.changed,
            "notes": [{k: v for k, v in vars(note).items() if k != "dates"} for note in loaded.notes],
            "replaced": loaded.replaced,
            "moved": [{"game_id": m.old, "moved_to": m.new} for m in loaded.moved],
        },
        _load_lines(loaded),
    )
    if any(note.is_finding for note in loaded.notes):
        raise typer.Exit(FINDING)


def _load_lines(loaded: LoadResult) -> list[str]:
    lines = [f"{t}: {n:,} rows read, {loaded.changed[t]:,} new or changed" for t, n in loaded.read.items()]
    if loaded.replaced:
        lines.append(f"{loaded.replaced:,} rows replaced; their earlier versions are in nba_raw.row_versions")
    lines += [f"game {m.old} was moved and is now {m.new}" for m in loaded.moved]
    return [*lines, *map(str, loaded.notes)]


@app.command(rich_help_panel=START, examples=("props serve", "props serve --port 9000"))
def serve(
    port: Annotated[
        int,
        typer.Option(min=1, max=65533, help="Port of the coordinator; worker and broker use the next two."),
    ] = 8080,
) -> None:
    """Run coordinator, worker and broker on this machine until Ctrl-C."""
    from backfill_jobs.cli.serve import serve as run

    run(port)


def _add(name: str, function: Callable[..., None], panel: str, *examples: str) -> None:
    app.command(name, rich_help_panel=panel, examples=examples)(function)


_add(
    "import", imports.import_files, START,
    "props import DIR", "props import odds-api FILE --dry-run",
    "props import odds-api --from-raw --start-date A --end-date B",
)  # fmt: skip
_add("feeds", imports.list_feeds, START, "props feeds")
_add("doctor", reports.doctor, START, "props doctor", "props doctor --json")
_add("day", day.day, DAILY, "props day", "props day --no-fetch --date YYYY-MM-DD")
_add(
    "fetch", fetch.fetch, DAILY,
    "props fetch schedule --date TODAY", "props fetch odds --date TODAY --budget 20",
)  # fmt: skip
_add("predict", predict, DAILY, "props predict --dates TODAY", "props predict --dates D --allow-started")
_add("grade", grade, DAILY, "props grade --dates TODAY-1", "props grade --start-date A --end-date B")
_add("coverage", reports.coverage, DAILY, "props coverage --start-date A --end-date B")
_add(
    "signal", reports.signal, DAILY, "props signal --date TODAY", "props signal --date D --system catboost_v9"
)
_add("performance", reports.performance, DAILY, "props performance --system catboost_v9 --days 30 --by edge")
_add("validate-daily", reports.validate_daily, DAILY, "props validate-daily --date TODAY")
_add(
    "train", models.train, MODELS,
    "props train catboost_v9 --train-start A --train-end B --eval-start C --eval-end D",
)  # fmt: skip
_add("evaluate", evaluation.evaluate, MODELS, "props evaluate --start A --end B --systems catboost_v9")
_add("explain", evaluation.explain, INSPECT, "props explain PREDICTION_ID")
_add("replay", evaluation.replay, INSPECT, "props replay PREDICTION_ID")
_add(
    "sql", reports.sql, INSPECT,
    "props sql \"SELECT run_id, state FROM nba_predictions.prediction_runs WHERE game_date = 'DATE'\"",
)  # fmt: skip
_add("bench", bench.bench, OPERATE, "props bench --quick")
app.add_typer(feature_store.features, name="features", rich_help_panel=DAILY)
app.add_typer(feature_store.mlfs, name="mlfs", rich_help_panel=DAILY)
app.add_typer(runs.runs, name="runs", rich_help_panel=DAILY)
app.add_typer(models.models, name="models", rich_help_panel=MODELS)
app.add_typer(players.players, name="players", rich_help_panel=INSPECT)
app.add_typer(deadletters.deadletters, name="deadletters", rich_help_panel=OPERATE)
app.add_typer(deployments.deployments, name="deployments", rich_help_panel=OPERATE)


def main() -> int:
    return run(app, "props")


if __name__ == "__main__":
    sys.exit(main())
