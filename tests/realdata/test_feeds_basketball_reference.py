"""The sample files of Basketball-Reference."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import RowKind
from tests.realdata.feed_files import assert_has, expected_rows, needs_feed_files, raw

pytestmark = needs_feed_files

FOLDER = "licensed/bref_scraper/"
WORDS = {
    "LAC": "LOS ANGELES CLIPPERS", "DEN": "DENVER NUGGETS", "MIN": "MINNESOTA TIMBERWOLVES",
    "CLE": "CLEVELAND CAVALIERS", "BOS": "BOSTON CELTICS",
}  # fmt: skip
"""The files' words of the expected codes, which are resolved later."""


def _read(name: str, kind: RowKind, player: str | None = None, day: date | None = None) -> pa.Table:
    file = replace(raw(FOLDER + name), player=player, day=day)
    return feed_of(file).read(file).tables[kind]


def test_the_page_of_a_box_score() -> None:
    name = "201701010ATL_cut.html"
    rows = _read(name, RowKind.BOX_SCORES)
    for expected in expected_rows(FOLDER + name):
        words = expected | {"source_player_id": expected.get("bref_slug")}
        assert_has(rows, {k: v for k, v in words.items() if v is not None and k != "player_name"} | {
            "player_name": expected["player_name"].removesuffix(" Jr.")
        })  # fmt: skip
    assert_has(rows, {"player_name": "Dāvis Bertāns", "did_play": False, "dnp_reason": "Did Not Play"})
    assert (rows.num_rows, pc.sum(rows["starter"]).as_py()) == (25, 10)
    assert_has(rows, {"source_player_id": "aldrila01", "usage_pct": 0.217, "off_rating": 137.0})


@pytest.mark.parametrize(
    ("name", "player", "games", "played"),
    [
        ("test-avery-2019-include-inactive.csv", "Avery Bradley", 81, 63),
        ("test-avery-2019.csv", "Avery Bradley", 63, 63),
        ("test-westbrook-playoffs-2020-include-inactive.csv", "Russell Westbrook", 12, 8),
    ],
)
def test_a_game_log(name: str, player: str, games: int, played: int) -> None:
    rows = _read(name, RowKind.BOX_SCORES, player)
    assert (rows.num_rows, pc.sum(rows["did_play"]).as_py()) == (games, played)
    for expected in expected_rows(FOLDER + name):
        assert_has(rows, expected | {c: WORDS[expected[c]] for c in ("team", "opponent")})


def test_the_players_of_a_date() -> None:
    rows = _read("2001_01_01_player_box_scores.csv", RowKind.BOX_SCORES, day=date(2001, 1, 1))
    mobley = {
        "player_name": "Cuttino Mobley", "source_player_id": "moblecu01", "team": "HOUSTON ROCKETS",
        "opponent": "MINNESOTA TIMBERWOLVES", "is_home": False, "game_date": "2001-01-01", "points": 30,
        "minutes": 34.53333, "reb": 2,
    }  # fmt: skip
    assert_has(rows, mobley)
    assert rows.num_rows == 39


def test_the_schedule_of_a_season() -> None:
    name = "2018_season_schedule.csv"
    rows = _read(name, RowKind.GAMES)
    (expected,) = expected_rows(FOLDER + name)
    assert_has(rows, expected | {c: WORDS[expected[c]] for c in ("home_team", "away_team")})
    assert rows.num_rows == 1312
