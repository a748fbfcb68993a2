from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from shared.application.features import build
from shared.application.features.build import BuildOptions
from shared.application.features.diagnosis import NO_GAMES
from shared.domain.features.checks import BatchFinding
from shared.domain.features.contract import FEATURES
from shared.domain.features.readiness import Verdict
from shared.domain.vocabulary import RunMode
from shared.embedded.sample_league import AFTER_GAMES, DEMO_NOW
from shared.errors import Rejected
from tests.application.worlds import Jobs, copy_of
from tests.conftest import DAY


@pytest.fixture
def here(loaded: Path, tmp_path: Path) -> Jobs:
    shutil.copy(loaded.parent / "documents.sqlite", tmp_path / "documents.sqlite")
    return Jobs(copy_of(loaded, tmp_path), {})


def forget(jobs: Jobs) -> None:
    """An empty feature store, as on the old team's worst day."""
    jobs.change("DELETE FROM nba_predictions.feature_snapshots WHERE game_date = @d", d=DAY)


def test_ready_features_have_coverage_quality_and_their_phases(here: Jobs) -> None:
    got = here.doctor(DAY, DAY)[DAY]
    assert (got.verdict, got.coverage, got.missing, got.remedy) == (Verdict.READY, 1.0, {}, None)
    assert got.expected > 90
    assert got.quality is not None
    assert 90 < got.quality < 100
    assert tuple(got.features) == FEATURES
    assert got.phases is not None
    assert got.phases["ml_feature_store"]["record_count"] == got.present
    assert got.phases["ml_feature_store"]["execution_id"] == got.snapshot_id
    quote = got.features["vegas_points_line"]
    assert quote.missing > 0
    assert quote.cause is not None
    assert "captured before the as-of" in quote.cause


def test_an_empty_store_is_explained_and_the_remedy_mends_it(here: Jobs) -> None:
    forget(here)
    got = here.doctor(DAY, DAY)[DAY]
    assert (got.verdict, got.present, got.coverage) == (Verdict.BROKEN, 0, 0.0)
    assert set(got.missing.values()) == {"never_built"}
    assert got.cause == "this date has no finished live snapshot"
    assert got.remedy == f"props features build --dates {DAY}"
    here.build(DAY, DAY)
    assert here.doctor(DAY, DAY)[DAY].verdict is Verdict.READY


def test_what_is_not_due_is_not_broken(here: Jobs) -> None:
    forget(here)
    got = here.at(DEMO_NOW - timedelta(hours=24)).doctor(DAY, DAY)[DAY]
    assert (got.verdict, got.remedy) == (Verdict.NOT_YET_DUE, None)
    assert got.due_at is not None
    assert got.due_at > DEMO_NOW - timedelta(hours=24)
    quiet = here.doctor(date(2025, 8, 1), date(2025, 8, 1))[date(2025, 8, 1)]
    assert (quiet.verdict, quiet.cause, quiet.coverage) == (Verdict.NOT_YET_DUE, NO_GAMES, None)


def test_a_played_date_is_judged_by_the_features_that_it_has(here: Jobs) -> None:
    after = here.at(AFTER_GAMES)
    got = after.doctor(DAY, DAY)[DAY]
    assert (got.mode, got.verdict) == (RunMode.LIVE, Verdict.READY)
    wanted = after.doctor(DAY, DAY, mode=RunMode.BACKFILL)[DAY]
    assert (wanted.mode, wanted.verdict) == (RunMode.BACKFILL, Verdict.BROKEN)
    assert wanted.cause == "this date has no finished backfill snapshot"
    after.build(DAY, DAY)
    got = after.doctor(DAY, DAY)[DAY]
    assert (got.mode, got.verdict) == (RunMode.BACKFILL, Verdict.READY)


def test_a_played_date_without_any_features_is_broken(here: Jobs) -> None:
    here.change(
        "UPDATE nba_predictions.feature_snapshots SET invalidated_at = @now WHERE game_date = @d",
        now=here.now,
        d=DAY,
    )
    got = here.at(AFTER_GAMES).doctor(DAY, DAY)[DAY]
    assert (got.mode, got.verdict) == (RunMode.BACKFILL, Verdict.BROKEN)


def test_a_player_traded_in_or_lost_since_is_told_apart(here: Jobs) -> None:
    rows = here.rows(
        "SELECT player_lookup FROM nba_analytics.upcoming_player_game_context WHERE expected "
        "ORDER BY player_lookup LIMIT 3"
    )
    a, b, c = (r["player_lookup"] for r in rows)
    lost = "DELETE FROM nba_predictions.ml_feature_store_v2 WHERE game_date = @d AND player_lookup = @p"
    for player in (a, b, c):
        here.change(lost, d=DAY, p=player)
    here.change(
        "UPDATE nba_analytics.upcoming_player_game_context SET expected = FALSE, roster_reason = 'few_minutes' "
        "WHERE game_date = @d AND player_lookup = @p",
        d=DAY,
        p=b,
    )
    here.change(
        "DELETE FROM nba_analytics.upcoming_player_game_context WHERE game_date = @d AND player_lookup = @p",
        d=DAY,
        p=c,
    )
    got = here.doctor(DAY, DAY)[DAY]
    assert {p.player_lookup: why for p, why in got.missing.items()} == {
        a: "row_lost", b: "not_expected_when_built:few_minutes", c: "not_on_the_roster_when_built"
    }  # fmt: skip
    assert got.verdict is Verdict.READY  # three of a hundred are above the least coverage
    strict = here.doctor(DAY, DAY, min_coverage=1.0)[DAY]
    assert strict.verdict is Verdict.BROKEN
    assert strict.cause is not None
    assert strict.cause.startswith("3 expected players have no row")


def test_box_scores_that_were_not_loaded_are_the_cause(here: Jobs) -> None:
    here.change("DELETE FROM nba_analytics.player_game_summary WHERE game_date >= @d", d=date(2024, 1, 1))
    got = here.doctor(DAY, DAY)[DAY]
    assert got.verdict is Verdict.BROKEN  # although a snapshot of yesterday's knowledge is there
    assert got.cause is not None
    assert got.cause.startswith("no box scores of the 30 days")
    assert got.remedy == "props load DIR"


def test_a_required_feature_nobody_has_breaks_the_store(here: Jobs) -> None:
    here.change(
        "UPDATE nba_predictions.ml_feature_store_v2 SET feature_13_value = NULL, feature_13_source = 'missing' "
        "WHERE game_date = @d",
        d=DAY,
    )
    got = here.doctor(DAY, DAY)[DAY]
    assert got.verdict is Verdict.BROKEN
    assert got.cause is not None
    assert got.cause.startswith("opponent_def_rating missing for every player")


def test_tables_without_rows_are_named_as_the_cause_of_missing_features(here: Jobs) -> None:
    for table in ("nba_raw.odds_api_player_points_props", "nba_raw.nbac_injury_report"):
        here.change(f"DELETE FROM {table} WHERE game_date = @d", d=DAY)
    here.change(
        "UPDATE nba_analytics.player_game_summary SET paint_attempts = NULL WHERE game_date >= @d",
        d=date(2024, 1, 1),
    )
    here.build(DAY, DAY)
    features = here.doctor(DAY, DAY)[DAY].features
    assert (
        features["vegas_points_line"].cause == f"nba_raw.odds_api_player_points_props has no rows for {DAY}"
    )
    assert features["injury_risk"].cause == f"nba_raw.nbac_injury_report has no rows for {DAY}"
    assert features["pct_paint"].cause == "no box score of the last 30 days has shot locations"


# --- building


def test_scheduled_and_played_dates_are_built_in_one_command(here: Jobs) -> None:
    built = here.build(DAY - timedelta(days=5), DAY + timedelta(days=3))
    assert {b.mode for b in built} == {RunMode.LIVE, RunMode.BACKFILL}
    assert all((b.mode is RunMode.LIVE) == (b.game_date >= DAY) for b in built)
    assert all(b.snapshot_id and b.rows > 10 for b in built)


def test_an_as_of_reads_nothing_known_later_and_cannot_lie_ahead(here: Jobs) -> None:
    morning = datetime(2025, 3, 19, 12, 0, tzinfo=UTC)
    (built,) = here.at(AFTER_GAMES).build(DAY, DAY, BuildOptions(as_of=morning))
    assert built.mode is RunMode.LIVE
    rows = here.rows(
        "SELECT as_of, line_captured_at FROM nba_predictions.ml_feature_store_v2 "
        "WHERE game_date = @d AND snapshot_id = @s",
        d=DAY,
        s=built.snapshot_id,
    )
    assert {r["as_of"] for r in rows} == {morning}
    assert all(r["line_captured_at"] is None or r["line_captured_at"] < morning for r in rows)
    with pytest.raises(Rejected, match="is after now"):
        here.build(DAY, DAY, BuildOptions(as_of=AFTER_GAMES))


def test_a_batch_with_findings_is_not_written_unless_accepted(
    here: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finds(values: np.ndarray, teams: int, reference: np.ndarray) -> list[BatchFinding]:
        assert values.shape[1] == reference.shape[1] == 33
        assert teams == 12
        return [BatchFinding("team_win_pct", "constant", "1 distinct value")]

    before = here.doctor(DAY, DAY)[DAY].snapshot_id
    monkeypatch.setattr(build, "check_batch", finds)
    (refused,) = here.build(DAY, DAY)
    assert (refused.snapshot_id, refused.findings) == (None, ("team_win_pct constant: 1 distinct value",))
    assert here.doctor(DAY, DAY)[DAY].snapshot_id == before
    (accepted,) = here.build(DAY, DAY, BuildOptions(accept_findings=True))
    assert here.doctor(DAY, DAY)[DAY].snapshot_id == accepted.snapshot_id
    (row,) = here.rows(
        "SELECT findings FROM nba_predictions.feature_snapshots WHERE snapshot_id = @s",
        s=accepted.snapshot_id,
    )
    assert row["findings"] == "team_win_pct constant: 1 distinct value"


def test_a_dry_build_writes_nothing(here: Jobs) -> None:
    count = "SELECT COUNT(*) AS n FROM nba_predictions.ml_feature_store_v2"
    before = here.rows(count)
    (built,) = here.build(DAY, DAY, BuildOptions(write=False))
    assert built.rows > 90
    assert here.rows(count) == before
