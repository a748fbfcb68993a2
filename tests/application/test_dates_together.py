"""Dates that are run together end exactly as they do one by one, but for ids and instants."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from msgspec import structs

from shared.application.backfill import prediction_backfill
from shared.application.backfill.prediction_backfill import BackfillOptions
from shared.application.backfill.results import DateResult, Status
from shared.application.features.build import BuildOptions
from shared.application.prediction.job_batch import columns_from_requests, columns_from_runs
from shared.application.runs.jobs import PrepareJobs, RunToPrepare
from shared.application.runs.request import RunRequest
from shared.domain.vocabulary import RunMode
from shared.embedded import parquet_parts
from shared.errors import Unavailable
from shared.ports import Statement
from shared.schemas.table import Table
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY

PAST = [DAY - timedelta(days=n) for n in range(9, 0, -1)]
GAME_DATES = [d for d in PAST if d.day not in (15, 17)]
SYSTEMS = ("moving_average", "similarity_balanced_v1", "catboost_v9_2026_02", "zone_matchup_v1")
OWN = {
    "prediction_id", "run_id", "superseded_by", "created_at", "activated_at", "superseded_at", "predicted_at",
    "opened_at", "closed_at", "calculated_at", "regeneration_timestamp",
}  # fmt: skip
TABLES = (
    "prediction_staging", "player_prop_predictions", "prediction_key_outcomes", "prediction_runs",
    "daily_prediction_signals", "prediction_regeneration_audit",
)  # fmt: skip


@pytest.fixture(scope="module")
def built(loaded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse with features of some past dates; the models that serve them have been trained before."""
    world = Jobs(copy_of(loaded, tmp_path_factory.mktemp("built")), {})
    world.build(PAST[0], PAST[-1], BuildOptions(RunMode.BACKFILL))
    return world.folder / "warehouse.duckdb"


@pytest.fixture
def here(loaded: Path, tmp_path: Path) -> Jobs:
    return Jobs(copy_of(loaded, tmp_path), {})


def tables(world: Jobs) -> dict[str, list[dict[str, Any]]]:
    """Every row that a backfill writes, in an order that neither ids nor instants decide."""
    found = {}
    for name in TABLES:
        rows = world.rows(
            f"SELECT * FROM nba_predictions.{name} WHERE game_date BETWEEN @first AND @last",
            first=PAST[0],
            last=PAST[-1],
        )
        found[name] = sorted(({k: v for k, v in r.items() if k not in OWN} for r in rows), key=repr)
    runs = sorted(world.runs.runs(), key=lambda r: (r.game_date, r.opened_at))
    found["runs"] = [
        {"day": r.game_date, "state": r.state, "note": r.note, "outcomes": world.runs.outcomes(r.run_id)}
        for r in runs
    ]
    return found


def four_times(world: Jobs, days: Sequence[date]) -> list[DateResult]:
    """The first dates, then all of them with some systems, then what is missing, then everything anew."""
    some = BackfillOptions(systems=SYSTEMS[:2], allow_started=True)
    every = BackfillOptions(systems=SYSTEMS, allow_started=True)
    anew = BackfillOptions(systems=SYSTEMS, allow_started=True, force=True, reason="again")
    first = world.predictions(days[:4], some)
    return first + [r for o in (some, every, anew) for r in world.predictions(days, o)]


def said(results: Sequence[DateResult]) -> list[dict[str, Any]]:
    return [{k: v for k, v in r.plain().items() if k not in ("run_id", "seconds")} for r in results]


def test_together_gives_the_tables_of_one_by_one(
    built: Path, tmp_path: Path, model_paths: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    together = Jobs(copy_of(built, tmp_path / "together"), model_paths)
    # As a season's rows are staged, where those of a date are inserted.
    with monkeypatch.context() as patched:
        patched.setattr(parquet_parts, "MIN_PART_ROWS", 1)
        mine = four_times(together, PAST)
    assert len(list((together.folder / "warehouse.parts" / "prediction_staging").iterdir())) > 4
    alone = Jobs(copy_of(built, tmp_path / "alone"), model_paths)
    monkeypatch.setattr(prediction_backfill, "DAYS_AT_ONCE", 1)
    theirs = four_times(alone, PAST)
    assert said(mine) == said(theirs)
    a, b = tables(together), tables(alone)
    assert {name: len(rows) > 0 for name, rows in a.items()} == dict.fromkeys(a, True)
    for name, rows in a.items():
        assert rows == b[name], name
    assert sorted({r["game_date"] for r in a["player_prop_predictions"]}) == GAME_DATES
    assert {r["superseded_reason"] for r in a["player_prop_predictions"]} == {None, "again"}


def test_the_feature_store_says_of_a_job_what_its_message_says(here: Jobs) -> None:
    """Bit for bit, so that a backfill predicts what serving would."""
    request = RunRequest(game_date=DAY, force=True, skip_mlfs_check=True)
    (prepared,) = PrepareJobs(here.warehouse).prepare_all([RunToPrepare("r", request)], here.clock.now())
    assert not isinstance(prepared, Exception)
    stored = columns_from_runs([prepared], here.clock.now())
    sent = columns_from_requests(prepared.requests(), here.clock.now())
    assert len(stored) == len(sent) > 90
    for name, values in vars(sent.batch).items():
        assert values.tobytes() == vars(stored.batch)[name].tobytes(), name
    everybody = np.arange(len(sent))
    from_store, from_messages = stored.expand(everybody), sent.expand(everybody)
    del from_store["created_at"], from_messages["created_at"]
    assert from_store == from_messages
    assert (stored.keys, stored.day.tolist()) == (sent.keys, sent.day.tolist())
    assert stored.prices.tobytes() == sent.prices.tobytes()
    assert (stored.systems, stored.in_sample.tolist()) == (sent.systems, sent.in_sample.tolist())


def test_jobs_of_two_runs_say_together_what_they_say_apart(here: Jobs) -> None:
    """Also where all jobs of a run have the same value, and those of two runs have not."""
    request = RunRequest(game_date=DAY, force=True, skip_mlfs_check=True)
    (prepared,) = PrepareJobs(here.warehouse).prepare_all([RunToPrepare("r", request)], here.clock.now())
    assert not isinstance(prepared, Exception)
    some = prepared.requests()[:3]
    changed = {"run_id": "other", "mode": RunMode.BACKFILL, "game_date": PAST[0], "line": None}
    others = [structs.replace(job, as_of=job.as_of - timedelta(1), **changed) for job in some]
    apart = [columns_from_requests(jobs, here.clock.now()) for jobs in (some, others)]
    together = columns_from_requests(some + others, here.clock.now())
    assert {"run_id", "game_date", "as_of"} <= set(apart[0].constant_columns) - set(together.constant_columns)
    told = together.expand(np.arange(6))
    said = [one.expand(np.arange(3)) for one in apart]
    for name in told.keys() - {"created_at"}:
        assert told[name] == pa.concat_arrays([one[name] for one in said]), name
    assert list(together.keys) == [*apart[0].keys, *apart[1].keys]
    assert together.take(np.arange(3, 6)).day.tolist() == apart[1].day.tolist() == [PAST[0]] * 3


def test_a_store_that_fails_for_all_fails_for_no_more_than_it_must(
    built: Path, tmp_path: Path, model_paths: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Together they could not be written; one by one only the date that cannot be written at all is lost."""
    world = Jobs(copy_of(built, tmp_path), model_paths)
    bad = PAST[2]
    append: Callable[[Table, pa.Table], None] = world.warehouse.append

    def refusing(table: Table, rows: pa.Table) -> None:
        if table.name == "prediction_staging" and bad in rows["game_date"].to_pylist():
            raise Unavailable("the disk is full")
        append(table, rows)

    monkeypatch.setattr(world.warehouse, "append", refusing)
    options = BackfillOptions(systems=SYSTEMS, allow_started=True)
    got = {r.game_date: r for r in world.predictions(PAST, options)}
    failed = [d for d, r in got.items() if r.status is Status.FAILED]
    assert (failed, sum(r.status is Status.SUCCESS for r in got.values())) == ([bad], len(GAME_DATES) - 1)
    assert got[bad].note == "the disk is full"
    monkeypatch.undo()
    (again,) = world.predictions([bad], options)
    assert again.status is Status.SUCCESS
    assert {r.closed_at is None for r in world.runs.runs()} == {False}
    doubled = world.warehouse.query(
        Statement(
            "SELECT 1 FROM nba_predictions.player_prop_predictions WHERE game_date BETWEEN @a AND @b "
            "AND is_active GROUP BY game_id, player_id, system_id HAVING COUNT(*) > 1",
            {"a": PAST[0], "b": PAST[-1]},
        )
    )
    assert doubled.num_rows == 0
