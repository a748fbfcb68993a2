"""Box scores and game logs of NBA.com."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import RowKind
from tests.feeds.nba_files import (
    BOX_V2,
    CURRY,
    DRUMMOND,
    HART,
    LOG,
    STATISTICS,
    ZERO_MINUTES,
    absent,
    box,
    box_v2,
    log,
    player,
    raw,
)


def rows(file: RawFile) -> list[dict[str, Any]]:
    return feed_of(file).read(file).tables[RowKind.BOX_SCORES].to_pylist()


def test_a_player_of_a_box_score() -> None:
    (row,) = rows(box(player(1627742, "Brandon Ingram", "F")))
    assert row["minutes"] == pytest.approx(30.8167, abs=1e-4)
    del row["minutes"]
    assert row == {
        "game_id": "0022400974", "season": "2024-25", "player_id": 1627742, "player_name": "Brandon Ingram",
        "team": "GSW", "opponent": "NYK", "is_home": True, "did_play": True, "starter": True,
        "dnp_reason": None, "points": 13, "fgm": 6, "fga": 12, "fg3m": 0, "fg3a": 2, "ftm": 1, "fta": 1,
        "oreb": 0, "dreb": 8, "reb": 8, "ast": 4, "stl": 0, "blk": 2, "tov": 2, "pf": 3, "plus_minus": 17,
    }  # fmt: skip


def test_zeros_of_a_player_who_did_not_play_are_no_counts() -> None:
    (row,) = rows(box(absent(202066, "Garrett Temple", "DNP - Coach's Decision")))
    assert (row["did_play"], row["starter"], row["dnp_reason"]) == (False, False, "DNP - Coach's Decision")
    assert (row["minutes"], row["points"], row["fga"], row["plus_minus"]) == (0.0, None, None, None)


def test_rates_of_a_usage_box_are_null_without_minutes() -> None:
    usage = {"minutes": "48:19", "usagePercentage": 0.272}
    lebron = player(2544, "LeBron James") | {"statistics": usage}
    calderon = player(101181, "Jose Calderon") | {"statistics": {"minutes": "", "usagePercentage": 0.0}}
    found = rows(box(lebron, calderon, kind="boxScoreUsage"))
    assert [(r["usage_pct"], r["did_play"], "points" in r) for r in found] == [
        (0.272, True, False),
        (None, False, False),
    ]


def test_a_live_box_score_has_text_for_flags_and_minutes() -> None:
    statistics = STATISTICS | {"minutes": "PT25M01.00S"}
    people = [
        {"personId": 1627759, "name": "Jaylen Brown", "starter": "1", "played": "1", "statistics": statistics},
        {"personId": 1, "name": "Al Bo", "starter": "0", "played": "0", "notPlayingReason": "INACTIVE_INJURY",
         "statistics": statistics | {"minutes": "PT00M00.00S"}},
    ]  # fmt: skip
    body = {
        "gameId": "0022000180", "gameStatus": 3, "gameEt": "2021-01-15T19:30:00-05:00",
        "homeTeam": {"teamTricode": "BOS", "players": people}, "awayTeam": {"teamTricode": "ORL", "players": []},
    }  # fmt: skip
    played, absent_one = rows(raw({"meta": {}, "game": body}))
    assert (played["game_date"], played["starter"]) == (date(2021, 1, 15), True)
    assert played["minutes"] == pytest.approx(25.0167, abs=1e-4)
    assert (absent_one["did_play"], absent_one["points"], absent_one["dnp_reason"]) == (
        False,
        None,
        "INACTIVE_INJURY",
    )
    running = feed_of(raw({"game": body})).read(raw({"game": body | {"gameStatus": 2}}))
    assert (running.tables, running.notes[0].reason) == ({}, "the game is not over")


def test_a_row_of_a_game_log_played_even_with_zero_minutes() -> None:
    curry, jackson = rows(log(CURRY, ZERO_MINUTES))
    assert (curry["team"], curry["opponent"], curry["is_home"], curry["minutes"]) == (
        "GSW",
        "NYK",
        True,
        35.0,
    )
    assert (curry["points"], curry["fga"], curry["fg3a"], curry["fta"], curry["tov"]) == (28, 20, 13, 9, 3)
    assert (jackson["did_play"], jackson["minutes"], jackson["pf"]) == (True, 0.0, 1)
    assert "starter" not in curry


def test_away_games_long_dates_and_decimal_minutes_of_other_logs() -> None:
    changed = [*CURRY]
    for name, value in {"MATCHUP": "GSW @ NYK", "GAME_DATE": "MAR 15, 2025", "MIN": 33.25}.items():
        changed[LOG.index(name)] = value
    (row,) = rows(log(changed, name="PlayerGameLogs"))
    assert (row["is_home"], row["game_date"], row["minutes"]) == (False, date(2025, 3, 15), 33.25)


def test_a_log_saved_as_csv_with_lost_zeros_reads_the_same() -> None:
    values = ["" if v is None else "22400974" if v == "0022400974" else str(v) for v in CURRY]
    text = ",".join(["", *LOG]) + "\n" + ",".join(["0", *values]) + "\n"
    assert rows(RawFile("log.csv", text.encode())) == rows(log(CURRY))


def test_a_box_score_of_version_2_calls_turnovers_to() -> None:
    hart, drummond = rows(box_v2(HART, DRUMMOND))
    assert hart["minutes"] == pytest.approx(49.4167, abs=1e-4)
    assert (hart["points"], hart["oreb"], hart["tov"], hart["starter"]) == (10, 5, 3, True)
    assert (drummond["did_play"], drummond["dnp_reason"], drummond["points"]) == (
        False,
        "DND - Injury/Illness",
        None,
    )


def changed_log(**values: Any) -> RawFile:
    row = [*CURRY]
    for name, value in values.items():
        row[LOG.index(name)] = value
    return log(row)


@pytest.mark.parametrize(
    ("file", "text"),
    [
        (changed_log(PTS=None), "PTS of player 201939 in game 0022400974: null, expected a number"),
        (changed_log(PTS="many"), "PTS of player 201939 in game 0022400974: 'many', expected a whole number"),
        (changed_log(PTS=28.5), "28.5, expected a whole number"),
        (changed_log(SEASON_ID="22023"), "SEASON_ID 22023 and GAME_ID 0022400974, expected one season"),
        (changed_log(MATCHUP="GSW NYK"), "MATCHUP 'GSW NYK', expected GSW vs. NYK or IND @ MIL"),
        (changed_log(GAME_DATE="15.3.2025"), "GAME_DATE '15.3.2025', expected 2025-03-15 or"),
        (changed_log(MIN="thirty"), "minutes 'thirty', expected 30:49"),
        (changed_log(GAME_ID="1022400974"), r"league 10 \(WNBA\), expected"),
        (box(player(1, "A B", minutes="30:77")), "minutes '30:77', expected"),
        (log(CURRY[:-2], columns=LOG[:-2]), "no column PLUS_MINUS, expected"),
        (box_v2([*HART[:-1]]), f"PlayerStats: a row of {len(BOX_V2) - 1} values, expected {len(BOX_V2)}"),
    ],
)
def test_what_a_file_gets_wrong_is_named_with_its_place(file: RawFile, text: str) -> None:
    with pytest.raises(FeedError, match=text):
        feed_of(file).read(file)


def test_rows_of_games_that_do_not_count_are_left_out() -> None:
    result = feed_of(changed_log(GAME_ID="0012400001")).read(
        changed_log(GAME_ID="0012400001", SEASON_ID="12024")
    )
    assert (result.tables, [n.rows for n in result.notes]) == ({}, [1])
