"""The ``props`` command. Exit codes: 0 done, 1 a finding or not everything done, 2 a critical finding,
64 usage, 70 crash."""

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
from backfill_jobs.cli.dates import game_date
from backfill_jobs.cli.framework import FINDING, Json, backend, program, run, show
from backfill_jobs.cli.progress import Bars
from backfill_jobs.grading.prediction_accuracy.prediction_accuracy_grading_backfill import grade
from backfill_jobs.prediction.player_prop_predictions_backfill import predict

if TYPE_CHECKING:
    from shared.application.ingestion.load import Loaded

BEGIN, DAILY, MODELS, CLOSER, OPERATE = (
    "Begin", "Every day", "Models", "Look closer", "Operate"
)  # fmt: skip
"""The commands by what somebody is about to do, in that order."""

AFTER = """\
A first date of your own: load DIR, then features build --dates D, predict --dates D --allow-started and \
grade --dates D. When something is not as it should be: doctor, then validate-daily --date D.

Dates are YYYY-MM-DD, TODAY, TODAY+n or TODAY-n, or TOMORROW, US Eastern. Every command has --help, and \
--json but serve. Words in capitals in examples are yours to fill in.

Exit codes: 0 done, 1 a finding or not everything done, 2 a critical finding, 64 wrong usage, 70 a fault.

Colours go away with NO_COLOR=1. State lies under PROPS_HOME (.props); PROPS_BACKEND=gcp is Google Cloud. \
The pages: docs/README.md, or make docs."""

app = program("Predictions of NBA player points props.", AFTER)


@app.command(
    rich_help_panel=BEGIN,
    examples=("props demo", "props demo --data DIR --date YYYY-MM-DD", "props demo --keep"),
)
def demo(
    data: Annotated[
        Path | None, typer.Option(help="Folder of Parquet files; default: the sample league.")
    ] = None,
    day: Annotated[
        date | None,
        typer.Option("--date", parser=game_date, metavar="DATE", help="Game date to play, with --data."),
    ] = None,
    keep: Annotated[bool, typer.Option(help="Leave both services up until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Play one game date from start to finish and show what came of it."""
    from backfill_jobs.cli.demo import play

    if (data is None) != (day is None):
        raise typer.BadParameter("--data and --date go together; without both the sample league is played")
    if not play(data, day, keep, as_json):
        raise typer.Exit(FINDING)


@app.command(rich_help_panel=BEGIN, examples=("props load DIR",))
def load(
    folder: Annotated[Path, typer.Argument(help="Folder of games, player_game_logs and prop_lines.parquet.")],
    as_json: Json = False,
) -> None:
    """Add the Parquet files of a folder to what is there; a bad file changes nothing.

    Exit code 1 where a file is refused, and where rows were loaded that need a look.
    """
    from shared.application.ingestion.load import LoadFolder

    if not folder.is_dir():
        raise typer.BadParameter(f"{folder}: no such folder")
    use = backend()
    with Bars() as bars:
        loaded = LoadFolder(use.warehouse, use.clock)(folder, bars)
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


def _load_lines(loaded: Loaded) -> list[str]:
    lines = [f"{t}: {n:,} rows read, {loaded.changed[t]:,} new or changed" for t, n in loaded.read.items()]
    if loaded.replaced:
        lines.append(f"{loaded.replaced:,} rows replaced; their earlier versions are in nba_raw.row_versions")
    lines += [f"game {m.old} was moved: it is {m.new} now" for m in loaded.moved]
    return [*lines, *map(str, loaded.notes)]


@app.command(rich_help_panel=BEGIN, examples=("props serve", "props serve --port 9000"))
def serve(
    port: Annotated[
        int,
        typer.Option(min=1, max=65533, help="The coordinator's port; the worker and the broker follow it."),
    ] = 8080,
) -> None:
    """Start coordinator, worker and broker on this machine until Ctrl-C."""
    from backfill_jobs.cli.serve import serve as run

    run(port)


def _add(name: str, does: Callable[..., None], panel: str, *examples: str) -> None:
    app.command(name, rich_help_panel=panel, examples=examples)(does)


_add("doctor", reports.doctor, BEGIN, "props doctor", "props doctor --json")
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
_add("explain", evaluation.explain, CLOSER, "props explain PREDICTION_ID")
_add("replay", evaluation.replay, CLOSER, "props replay PREDICTION_ID")
_add(
    "sql", reports.sql, CLOSER,
    "props sql \"SELECT run_id, state FROM nba_predictions.prediction_runs WHERE game_date = 'DATE'\"",
)  # fmt: skip
_add("bench", bench.bench, OPERATE, "props bench --quick")
app.add_typer(feature_store.features, name="features", rich_help_panel=DAILY)
app.add_typer(feature_store.mlfs, name="mlfs", rich_help_panel=DAILY)
app.add_typer(runs.runs, name="runs", rich_help_panel=DAILY)
app.add_typer(models.models, name="models", rich_help_panel=MODELS)
app.add_typer(deadletters.deadletters, name="deadletters", rich_help_panel=OPERATE)
app.add_typer(deployments.deployments, name="deployments", rich_help_panel=OPERATE)


def main() -> int:
    return run(app, "props")


if __name__ == "__main__":
    sys.exit(main())
