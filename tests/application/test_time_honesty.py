"""Whatever is added or changed at or after a game's as-of changes nothing that is computed for it."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.application.features.slate import Slate, read_slate
from shared.application.features.snapshot_rows import snapshot_rows
from shared.domain.features.windows import _DAY_SPAN, Timeline
from shared.domain.systems.base import Batch
from shared.domain.systems.catalog import build_systems, forecast_all
from shared.domain.vocabulary import RunMode
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.ports import Statement
from tests.conftest import CLOCK, DAY

CUT_OFF = {"d": DAY}


@pytest.fixture(scope="module")
def path(loaded: Path) -> Path:
    return loaded


def everything(slate: Slate) -> list[object]:
    """Roster, features, lines and predictions as plain values."""
    f = slate.features
    n = len(f.values)
    batch = Batch(
        features=f.values,
        quality=f.quality,
        league_def_rating=f.league_def_rating,
        recent=f.recent,
        days_rest=f.days_rest,
        context=slate.context,
        line=slate.targets.line,
        market=np.full(n, np.nan),
    )
    forecasts = forecast_all(build_systems({}), batch)
    store = snapshot_rows(slate, {DAY: "s"}, datetime(2025, 1, 1).astimezone())
    lines = (
        store["ml_feature_store_v2"].select(["line_value", "line_quote_id", "line_captured_at"]).to_pylist()
    )
    assert n > 50
    return [
        slate.candidates,
        f.values.tobytes(),
        f.recent.tobytes(),
        slate.context.tobytes(),
        lines,
        {s: x.points.tobytes() for s, x in forecasts.items()},
    ]


def changes(points: int, line: float, minutes: int, days: int, status: str) -> list[Statement]:
    """Results, later box scores, later quotes, later reports: all at or after the as-of of each game."""
    return [
        Statement(
            "UPDATE nba_reference.nba_schedule SET home_team_score = @p, away_team_score = 3, game_status = 3 "
            "WHERE game_date >= @d",
            {"p": points, **CUT_OFF},
        ),
        Statement(
            "INSERT INTO nba_analytics.player_game_summary (player_lookup, player_id, player_name, game_id, "
            "game_date, season, team_abbr, opponent_team_abbr, is_home, is_dnp, minutes_played, points, "
            "fg_attempts, three_pt_attempts, three_pt_makes, ft_attempts, ft_makes, offensive_rebounds, turnovers) "
            "SELECT b.player_lookup, b.player_id, b.player_name, g.game_id, g.game_date, g.season, "
            "g.home_team_tricode, g.away_team_tricode, TRUE, FALSE, @m, @p, 9, 3, 1, 2, 1, 1, 2 "
            "FROM nba_reference.nba_schedule g JOIN nba_analytics.player_game_summary b "
            "ON b.game_date = DATE_SUB(@d, INTERVAL 3 DAY) WHERE g.game_date BETWEEN @d AND @last",
            {"m": float(minutes), "p": points, "last": DAY + timedelta(days=days), **CUT_OFF},
        ),
        Statement(
            "INSERT INTO nba_raw.odds_api_player_points_props (quote_id, game_date, game_id, player_id, "
            "player_lookup, bookmaker, book_type, points_line, over_price, under_price, is_main, captured_at, "
            "captured_precision) SELECT CONCAT('late', q.quote_id), q.game_date, q.game_id, q.player_id, "
            "q.player_lookup, 'draftkings', 'sportsbook', @line, -110, -110, TRUE, "
            "TIMESTAMP_ADD(g.game_start_utc, INTERVAL @late MINUTE), 'quote' "
            "FROM nba_raw.odds_api_player_points_props q JOIN nba_reference.nba_schedule g "
            "ON g.game_id = q.game_id AND g.game_date = @d WHERE q.game_date = @d",
            {"line": line, "late": minutes - 30, **CUT_OFF},
        ),
        Statement(
            "INSERT INTO nba_raw.nbac_injury_report (game_date, game_id, player_id, player_lookup, team_abbr, "
            "injury_status, reported_at) SELECT b.game_date, b.game_id, b.player_id, b.player_lookup, 'ALB', @s, "
            "TIMESTAMP_ADD(g.game_start_utc, INTERVAL @late MINUTE) "
            "FROM nba_raw.odds_api_player_points_props b JOIN nba_reference.nba_schedule g "
            "ON g.game_id = b.game_id AND g.game_date = @d WHERE b.game_date = @d",
            {"s": status, "late": minutes - 30, **CUT_OFF},
        ),
    ]


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.integers(0, 60),
    st.integers(1, 80).map(lambda n: n / 2),
    st.integers(0, 48),
    st.integers(0, 7),
    st.sampled_from(["out", "questionable", "available"]),
    st.sampled_from(list(RunMode)),
)
def test_nothing_at_or_after_the_as_of_changes_anything(
    path: Path, tmp_path: Path, points: int, line: float, minutes: int, days: int, status: str, mode: RunMode
) -> None:
    now = CLOCK.now() if mode is RunMode.LIVE else CLOCK.now() + timedelta(days=2)
    before = read_slate(DuckDbWarehouse(path), DAY, DAY, now, mode)
    changed = DuckDbWarehouse(Path(shutil.copy(path, tmp_path / "changed.duckdb")))
    changed.transact(changes(points, line, minutes, days, status))
    assert everything(read_slate(changed, DAY, DAY, now, mode)) == everything(before)


def test_the_law_catches_a_feature_that_reads_the_day_itself(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaking(self: Timeline, entity: np.ndarray, day: np.ndarray, as_of: np.ndarray) -> np.ndarray:
        assert len(as_of) == len(day)
        return np.searchsorted(self.entity * _DAY_SPAN + self.day, entity * _DAY_SPAN + day, side="right")

    monkeypatch.setattr(Timeline, "before", leaking)
    changed = DuckDbWarehouse(Path(shutil.copy(path, tmp_path / "changed.duckdb")))
    before = everything(read_slate(changed, DAY, DAY, CLOCK.now(), RunMode.LIVE))
    changed.transact(changes(50, 20.5, 40, 0, "available"))
    assert everything(read_slate(changed, DAY, DAY, CLOCK.now(), RunMode.LIVE)) != before


def test_a_live_run_never_sees_a_quote_known_by_day_only(warehouse: DuckDbWarehouse) -> None:
    warehouse.transact(
        [
            Statement(
                "UPDATE nba_raw.odds_api_player_points_props SET captured_at = NULL, captured_precision = 'date' "
                "WHERE game_date = @d",
                CUT_OFF,
            )
        ]
    )
    live = read_slate(warehouse, DAY, DAY, CLOCK.now(), RunMode.LIVE)
    backfill = read_slate(warehouse, DAY, DAY, CLOCK.now(), RunMode.BACKFILL)
    assert np.isnan(live.targets.line).all()
    assert not np.isnan(backfill.targets.line).all()
