from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from shared.application.grading.performance import Performance
from shared.application.grading.signals import ComputeSignals, SignalReport
from shared.application.queries.read import PredictionQueries
from shared.application.queries.sql import ReadOnlySql, check_query
from shared.domain.findings import Severity
from shared.embedded.sample_league import AFTER_GAMES
from shared.errors import InvalidStatement, NotFound, Rejected
from shared.schemas.predictions import DAILY_PREDICTION_SIGNALS, PREDICTION_ACCURACY
from tests.application.test_prediction_backfill import BUT_V8
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY


@pytest.fixture
def here(loaded: Path, tmp_path: Path, model_paths: dict[str, Path]) -> Jobs:
    return Jobs(copy_of(loaded, tmp_path), model_paths)


def test_a_run_that_completes_leaves_its_signal_of_active_rows_only(here: Jobs) -> None:
    with pytest.raises(NotFound, match="computed when a run completes"):
        SignalReport(here.warehouse)(DAY)
    here.predict(systems=BUT_V8)
    first = {r["system_id"]: r for r in SignalReport(here.warehouse)(DAY)}
    assert set(first) == set(BUT_V8)
    here.predict(systems=BUT_V8, force=True)
    again = {r["system_id"]: r for r in SignalReport(here.warehouse)(DAY)}
    assert {s: r["total_picks"] for s, r in again.items()} == {s: r["total_picks"] for s, r in first.items()}
    for system, row in first.items():
        lined = [r for r in here.active() if r["system_id"] == system and r["has_prop_line"]]
        over = sum(r["recommendation"] == "OVER" for r in lined)
        assert row["total_picks"] == len(lined)
        assert row["pct_over"] == round(100 * over / len(lined), 2)
        assert row["avg_pvl"] == pytest.approx(sum(r["line_margin"] for r in lined) / len(lined), abs=1e-4)
        assert row["slate_size"] <= 6
        assert row["evidence"] == []
    assert ComputeSignals(here.warehouse, here.clock)(DAY).keys() == first.keys()


def test_no_stored_row_takes_a_side_and_says_no_bet(here: Jobs) -> None:
    here.predict(systems=BUT_V8)
    rows = [r for r in here.active() if r["prob_over"] is not None]
    assert len(rows) > 50
    for r in rows:
        takes_side = r["recommendation"] in ("OVER", "UNDER")
        assert takes_side == (r["no_bet_reason"] is None) == (r["kelly_fraction"] > 0)
    reasons = {r["no_bet_reason"] for r in rows}
    assert reasons >= {None, "no_value", "no_side"}


def test_the_api_shows_no_reason_next_to_the_side_of_a_row_of_before(here: Jobs) -> None:
    here.predict(systems=BUT_V8)
    here.change(
        "UPDATE nba_predictions.player_prop_predictions SET recommendation = 'UNDER', no_bet_reason = 'no_value' "
        "WHERE game_date = @d AND system_id = 'line_anchored_v1'",
        d=DAY,
    )
    shown = [
        r for r in PredictionQueries(here.warehouse).predictions(DAY) if r["system_id"] == "line_anchored_v1"
    ]
    assert {(r["recommendation"], r["no_bet_reason"]) for r in shown} == {("UNDER", None)}


def test_a_date_is_compared_with_the_stored_dates_before_it_and_with_no_later_one(here: Jobs) -> None:
    for back in range(1, 7):
        remember(here, back, "GREEN", 1, 1, shares=(10.0, 80.0))
    for ahead in range(1, 7):
        remember(here, -ahead, "GREEN", 1, 1, shares=(80.0, 10.0))
    remember(here, 120, "GREEN", 1, 1, shares=(80.0, 10.0))  # last season says nothing
    here.predict(systems=BUT_V8)
    row = next(r for r in SignalReport(here.warehouse)(DAY) if r["system_id"] == "catboost_v9")
    assert "on its last 6 dates" in row["signal_explanation"]
    over, under = row["pct_over"], row["pct_under"]
    assert over / (over + under) > 0.3  # 11 % OVER is what it did before
    assert row["daily_signal"] == "YELLOW"


def test_a_stored_colour_of_a_system_that_mostly_passes_is_shown_as_no_signal(here: Jobs) -> None:
    here.predict(systems=BUT_V8)
    here.change(
        "UPDATE nba_predictions.daily_prediction_signals SET daily_signal = 'RED', pct_over = 2.53, "
        "pct_under = 5.06, pct_pass = 92.41, stake_multiplier = 0.5, signal_explanation = '2.5 % OVER, below 25 %' "
        "WHERE system_id = 'line_anchored_v1' AND game_date = @d",
        d=DAY,
    )
    (row,) = SignalReport(here.warehouse)(DAY, "line_anchored_v1")
    assert (row["daily_signal"], row["stake_multiplier"], row["pct_over"]) == ("NO_SIGNAL", 1.0, 2.53)
    assert row["signal_explanation"].startswith("6 of ")
    found = {f.check: f for f in here.validate(DAY)}["signal:line_anchored_v1"]
    assert (found.severity, found.evidence[:9]) == (Severity.INFO, "NO_SIGNAL")


def test_dates_that_are_computed_together_are_compared_in_their_order(here: Jobs) -> None:
    here.predict(systems=BUT_V8)
    days = [DAY - timedelta(days=back) for back in range(6, 0, -1)]
    for day in days:
        here.change(
            "INSERT INTO nba_predictions.player_prop_predictions SELECT * REPLACE (@d AS game_date) "
            "FROM nba_predictions.player_prop_predictions WHERE game_date = @day",
            d=day,
            day=DAY,
        )
    compute = ComputeSignals(here.warehouse, here.clock)
    together = compute.compute_for_dates([*days, DAY])
    assert "5 of the 5" not in together[days[5]]["catboost_v9"].signal_explanation
    assert "on its last 6 dates" in together[DAY]["catboost_v9"].signal_explanation
    assert compute(DAY) == together[DAY]


def remember(
    here: Jobs,
    day_back: int,
    signal: str,
    hits: int,
    misses: int,
    counted_as: str = "LIVE",
    shares: tuple[float, float] | None = None,
) -> None:
    """A graded day of catboost_v9 in the past, all of it high-edge picks."""
    day = DAY - timedelta(days=day_back)
    row = dict.fromkeys(DAILY_PREDICTION_SIGNALS.column_names)
    signals = row | {
        "game_date": day, "system_id": "catboost_v9", "total_picks": 20, "high_edge_picks": hits + misses,
        "premium_picks": 0, "slate_size": 5, "skew_category": "BALANCED", "volume_category": "NORMAL",
        "daily_signal": signal, "signal_explanation": "made up", "stake_multiplier": 1.0,
        "calculated_at": here.now, "pct_over": shares[0] if shares else None,
        "pct_under": shares[1] if shares else None,
    }  # fmt: skip
    here.warehouse.upsert(
        DAILY_PREDICTION_SIGNALS,
        pa.Table.from_pylist([signals], schema=DAILY_PREDICTION_SIGNALS.arrow_schema),
    )
    rows = [
        dict.fromkeys(PREDICTION_ACCURACY.column_names)
        | {
            "game_date": day, "game_id": f"{day:%Y%m%d}_A_B", "player_lookup": f"p{i}",
            "system_id": "catboost_v9", "model_key": "m", "prediction_id": f"{day}{i}", "role": "champion",
            "prediction_run_mode": counted_as, "predicted_points": 20.0, "confidence_score": 90.0,
            "recommendation": "OVER", "line_value": 14.5, "line_margin": 5.5, "actual_points": 21 if i < hits else 9,
            "absolute_error": 1.0 if i < hits else 11.0, "signed_error": -1.0 if i < hits else 11.0,
            "outcome": "HIT" if i < hits else "MISS", "prediction_correct": i < hits, "is_voided": False,
            "graded_at": here.now, "counted_as": counted_as, "is_current": True,
        }
        for i in range(hits + misses)
    ]  # fmt: skip
    here.warehouse.append(
        PREDICTION_ACCURACY, pa.Table.from_pylist(rows, schema=PREDICTION_ACCURACY.arrow_schema)
    )


def test_the_evidence_is_of_earlier_days_and_never_mixes_live_and_backfill(here: Jobs) -> None:
    here.predict(systems=BUT_V8)
    here.change(
        "UPDATE nba_predictions.daily_prediction_signals SET daily_signal = 'RED' WHERE system_id = 'catboost_v9' "
        "AND game_date = @d",
        d=DAY,
    )
    for back in range(2, 9):
        remember(here, back, "RED", 2, 2)
    for back in range(10, 25):
        remember(here, back, "GREEN", 3, 1)
    remember(here, 30, "RED", 9, 0, counted_as="BACKFILL")
    remember(here, -1, "RED", 9, 0)  # tomorrow knows nothing
    row = next(r for r in SignalReport(here.warehouse)(DAY) if r["system_id"] == "catboost_v9")
    live, later = row["evidence"]
    assert (live.counted_as, live.days, live.such.hits, live.such.n) == ("LIVE", 7, 14, 28)
    assert (live.green_days, live.green.hits, live.green.n) == (15, 45, 60)
    assert live.naive is not None
    assert live.clustered is not None
    assert live.naive.p < 0.05
    assert (later.counted_as, later.such.n, later.naive) == ("BACKFILL", 9, None)


def test_performance_by_edge_signal_and_model(here: Jobs, results_folder: Path) -> None:
    here.predict(systems=BUT_V8)
    after = here.at(AFTER_GAMES)
    after.reveal(results_folder)
    after.grade(DAY, DAY)
    ask = Performance(after.warehouse, after.clock)
    (whole,) = ask("catboost_v9", 7)["groups"]
    rows = [r for r in after.accuracy() if r["system_id"] == "catboost_v9" and not r["is_voided"]]
    assert whole["n"] == len(rows)
    assert whole["mae"] == pytest.approx(sum(r["absolute_error"] for r in rows) / len(rows), abs=1e-4)
    assert whole["hit"]["n"] == whole["always_under"]["n"] > 0
    for by in ("edge", "signal", "model_sha256"):
        groups = ask("catboost_v9", 7, by)["groups"]
        assert sum(g["n"] for g in groups) == whole["n"]
        assert sum(g["hit"]["hits"] for g in groups) == whole["hit"]["hits"]
    assert ask("catboost_v9", 7, "edge")["groups"][0]["group"] == "below 1"
    assert ask("catboost_v8", 30)["groups"] == []
    for bad in (("catboost_v7", 7, None), ("catboost_v9", 0, None), ("catboost_v9", 7, "moon")):
        with pytest.raises(Rejected, match="expected"):
            ask(*bad)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM nba_predictions.prediction_runs WHERE TRUE",
        "SELECT 1; SELECT 2",
        "SELECT FROM WHERE (",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM nba_predictions.nothing",
        "WITH x AS (SELECT * FROM secret.table) SELECT * FROM x",
        "CREATE TABLE x AS SELECT 1",
        "",
    ],
)
def test_only_one_query_over_known_tables_is_asked(sql: str) -> None:
    with pytest.raises(Rejected):
        check_query(sql)


def test_a_question_in_bigquerys_dialect(here: Jobs) -> None:
    ask = ReadOnlySql(here.warehouse)
    rows = ask(
        "WITH g AS (SELECT game_id, CASE game_status WHEN 1 THEN 'Scheduled' WHEN 2 THEN 'In Progress' "
        f"WHEN 3 THEN 'Final' END AS status FROM nba_reference.nba_schedule WHERE game_date = DATE('{DAY}')) "
        "SELECT status, COUNTIF(TRUE) AS n FROM g GROUP BY status"
    )
    assert rows.to_pylist() == [{"status": "Scheduled", "n": 6}]
    with pytest.raises(InvalidStatement, match="nope"):
        ask("SELECT nope FROM nba_predictions.prediction_runs")
