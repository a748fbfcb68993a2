"""The sample files of Kaggle, Basketball-Reference and hoopR."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import RowKind
from tests.realdata.feed_files import assert_has, expected_rows, needs_feed_files, raw

pytestmark = needs_feed_files

KAGGLE, BREF = "unlicensed/kaggle/", "licensed/bref_scraper/"
IN_CODES = {
    "player_name",
    "team",
    "opponent",
    "player_id",
    "game_id",
    "home_team",
    "away_team",
    "season",
    "season_type",
}
"""Fields that are resolved later where the file has other words for them."""


def read(path: str, player: str | None = None, day: date | None = None) -> dict[RowKind, pa.Table]:
    file = raw(path)
    file = RawFile(file.name, file.body, day, player)
    return dict(feed_of(file).read(file).tables)


@pytest.mark.parametrize(
    ("path", "kind", "rows", "player"),
    [
        (f"{KAGGLE}PlayerStatistics_one_player_2023-24.csv", RowKind.BOX_SCORES, 53, None),
        (f"{KAGGLE}PlayerStatistics_lebron_2023_to_2026.csv", RowKind.BOX_SCORES, 170, None),
        (f"{KAGGLE}PlayerStatistics_regrouped_2025-04-13.csv", RowKind.BOX_SCORES, 471, None),
        (f"{KAGGLE}bref_daily_2025-10-21.csv", RowKind.BOX_SCORES, 310, None),
        (f"{KAGGLE}LeagueSchedule24_25.csv", RowKind.GAMES, 1320, None),
        (f"{BREF}test-avery-2019-include-inactive.csv", RowKind.BOX_SCORES, 81, "Avery Bradley"),
        (f"{BREF}201701010ATL_cut.html", RowKind.BOX_SCORES, 25, None),
        (f"{BREF}2018_season_schedule.csv", RowKind.GAMES, 1312, None),
    ],
)
def test_counts_and_expected_rows(path: str, kind: RowKind, rows: int, player: str | None) -> None:
    table = read(path, player)[kind]
    assert table.num_rows == rows
    later = set() if path.startswith(f"{KAGGLE}LeagueSchedule") else IN_CODES
    for row in expected_rows(path):
        assert_has(table, {c: v for c, v in row.items() if c not in later})


def test_who_played_in_a_log_and_in_the_box_scores_of_a_day() -> None:
    log = read(f"{BREF}test-avery-2019-include-inactive.csv", "Avery Bradley")[RowKind.BOX_SCORES]
    assert sum(log["did_play"].to_pylist()) == 63
    day = read(f"{BREF}2001_01_01_player_box_scores.csv", day=date(2001, 1, 1))[RowKind.BOX_SCORES]
    assert_has(day, {"player_name": "Cuttino Mobley", "points": 30, "team": "HOUSTON ROCKETS"})


def test_minutes_with_a_lost_zero() -> None:
    rows = read(f"{KAGGLE}PlayerStatistics_regrouped_2025-04-13.csv")[RowKind.BOX_SCORES]
    assert {"minutes": 38.0, "player_name": "Stephen Curry"} in rows.select(
        ["minutes", "player_name"]
    ).to_pylist()
    assert max(m for m in rows["minutes"].to_pylist()) < 60


def test_hoopr_is_refused_as_wnba_and_read_if_it_were_not() -> None:
    path = "unlicensed/espn_hoopr/wehoop_player_box_2024_cut.csv"
    with pytest.raises(FeedError, match="WNBA, expected"):
        read(path)
    file = raw(path)
    file = RawFile(file.name, file.body.replace(b"l:59", b"l:46"))
    rows = feed_of(file).read(file).tables[RowKind.BOX_SCORES].to_pylist()
    assert (rows[0]["points"], rows[0]["minutes"], rows[0]["starter"]) == (3, 41.0, True)
    assert (rows[9]["did_play"], rows[9]["points"]) == (False, None)
    assert sum(r["did_play"] for r in rows) == 85
