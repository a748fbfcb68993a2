"""The ``props`` command. Exit codes: 0 done, 1 a finding or not everything done, 2 a critical finding,
64 usage, 70 crash."""

from __future__ import annotations

import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated

import typer

from backfill_jobs.cli import bench, deadletters, deployments, judging, models, reports, store
from backfill_jobs.cli.dates import game_date
from backfill_jobs.cli.program import FINDING, Json, backend, program, run, show
from backfill_jobs.cli.progress import Bars
from backfill_jobs.grading.prediction_accuracy.prediction_accuracy_grading_backfill import grade
from backfill_jobs.prediction.player_prop_predictions_backfill import predict

app = program("Predictions of NBA player points props.")
runs = program("Prediction runs.")
app.add_typer(store.features, name="features")
app.add_typer(store.mlfs, name="mlfs")
app.add_typer(runs, name="runs")
app.add_typer(models.models, name="models")
app.add_typer(deadletters.deadletters, name="deadletters")
app.add_typer(deployments.deployments, name="deployments")
app.command("train")(models.train)
app.command("evaluate")(judging.evaluate)
app.command("explain")(judging.explain)
app.command("replay")(judging.replay)
app.command("predict")(predict)
app.command("grade")(grade)
app.command("coverage")(reports.coverage)
app.command("signal")(reports.signal)
app.command("performance")(reports.performance)
app.command("validate-daily")(reports.validate_daily)
app.command("doctor")(reports.doctor)
app.command("sql")(reports.sql)
app.command("bench")(bench.bench)


@app.command()
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


@app.command()
def load(
    folder: Annotated[Path, typer.Argument(help="Folder of games, player_game_logs and prop_lines.parquet.")],
    as_json: Json = False,
) -> None:
    """Add the Parquet files of a folder to what is there; a bad file changes nothing."""
    from shared.application.loading import LoadFolder

    use = backend()
    with Bars() as bars:
        loaded = LoadFolder(use.warehouse, use.clock)(folder, bars)
    show(
        as_json,
        {"read": loaded.read, "changed": loaded.changed},
        [f"{t}: {n:,} rows read, {loaded.changed[t]:,} new or changed" for t, n in loaded.read.items()],
    )


@runs.command("list")
def runs_list(as_json: Json = False) -> None:
    """The newest runs."""
    found = backend().runs.runs()
    rows = [{"run_id": r.run_id, "game_date": r.game_date.isoformat(), "state": r.state.value} for r in found]
    show(as_json, {"runs": rows}, [f"{r['run_id']}  {r['state']}" for r in rows] or ["no runs"])


@runs.command("check-stalled")
def runs_check_stalled(as_json: Json = False) -> None:
    """End the runs whose deadline has passed, naming who never answered."""
    from shared.application.activation import Activate
    from shared.application.runs import CheckStalled, FinishRun

    use = backend()
    finish = FinishRun(use.runs, Activate(use.warehouse, use.job_publisher, use.clock))
    ended = CheckStalled(use.runs, finish)(datetime.now(UTC))
    show(as_json, {"ended": ended}, [f"ended {r}" for r in ended] or ["no run is past its deadline"])


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
    return run(app, "props")


if __name__ == "__main__":
    sys.exit(main())
