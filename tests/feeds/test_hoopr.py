"""Box scores of hoopR, in the columns that the package documents."""

from __future__ import annotations

import csv
import io
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shared.application.feeds.hoopr import COUNTS
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import FeedRows, RowKind

PLAYED: dict[str, str] = {
    "game_id": "401705000", "season": "2025", "season_type": "2", "game_date": "2024-11-02",
    "game_date_time": "2024-11-02T23:00:00Z", "athlete_id": "1111", "athlete_display_name": "Jo Doe",
    "team_id": "9", "team_name": "Warriors", "minutes": "31", **dict.fromkeys(COUNTS.values(), "2"),
    "points": "12", "field_goals_made": "4", "plus_minus": "+5", "starter": "TRUE", "ejected": "FALSE",
    "did_not_play": "FALSE", "reason": "COACH'S DECISION", "active": "FALSE", "team_uid": "s:40~l:46~t:9",
    "team_logo": "https://espn.example/i/teamlogos/nba/500/gs.png",
    "athlete_headshot_href": "https://espn.example/i/headshots/nba/players/full/1111.png",
    "team_abbreviation": "GS", "home_away": "home", "opponent_team_abbreviation": "UTAH",
}  # fmt: skip
ABSENT = PLAYED | dict.fromkeys((*COUNTS.values(), "minutes"), "") | {
    "did_not_play": "TRUE", "starter": "FALSE", "athlete_id": "2222", "athlete_display_name": "Al Roe",
    "athlete_headshot_href": "",
}  # fmt: skip


def file(*rows: dict[str, str], without: tuple[str, ...] = ()) -> RawFile:
    names = [name for name in PLAYED if name not in without]
    out = io.StringIO()
    writer = csv.DictWriter(out, names, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return RawFile("box.csv", out.getvalue().encode())


def read(raw: RawFile) -> FeedRows:
    feed = feed_of(raw)
    assert (feed.name, feed.id_space) == ("hoopr-box-scores", "espn")
    return feed.read(raw)


def rows_of(raw: RawFile) -> list[dict[str, Any]]:
    return list(read(raw).tables[RowKind.BOX_SCORES].to_pylist())


def test_a_row_of_a_player() -> None:
    (row,) = rows_of(file(PLAYED))
    named = ("season", "source_player_id", "player_name", "team", "opponent", "is_home", "starter")
    assert [row[c] for c in named] == ["2024-25", "1111", "Jo Doe", "GS", "UTAH", True, True]
    assert (row["minutes"], row["points"], row["plus_minus"], row["did_play"]) == (31.0, 12, 5, True)
    assert not {"game_id", "player_id", "dnp_reason", "season_type"} & row.keys()


def test_only_did_not_play_says_who_played() -> None:
    """``reason`` and ``active`` stand in every row, and 0 minutes can be an appearance."""
    brief = PLAYED | dict.fromkeys(COUNTS.values(), "0") | {"minutes": "0"}
    rows = rows_of(file(ABSENT, brief))
    assert [(r["did_play"], r["minutes"], r["points"]) for r in rows] == [(False, 0.0, None), (True, 0.0, 0)]


def test_the_date_is_eastern_and_no_start_time() -> None:
    (row,) = rows_of(file(PLAYED | {"game_date": "2024-10-31", "game_date_time": "2024-11-01T02:00:00Z"}))
    assert str(row["game_date"]) == "2024-10-31"


def test_parquet_has_types_of_its_own() -> None:
    table = pa.Table.from_pylist([PLAYED, ABSENT])
    for name in ("season", "season_type", "athlete_id", "team_id"):
        table = table.set_column(
            table.column_names.index(name), name, table[name].cast(pa.int64()).cast(pa.int32())
        )
    points = pa.array([12.0, None])
    table = table.set_column(table.column_names.index("points"), "points", points)
    table = table.set_column(
        table.column_names.index("did_not_play"), "did_not_play", pa.array([False, True])
    )
    buffer = io.BytesIO()
    pq.write_table(table, buffer)
    rows = rows_of(RawFile("box.parquet", buffer.getvalue()))
    assert [(r["did_play"], r["points"], r["source_player_id"]) for r in rows] == [
        (True, 12, "1111"), (False, None, "2222"),
    ]  # fmt: skip
    assert rows == rows_of(file(PLAYED, ABSENT))


def test_na_is_no_value() -> None:
    (row,) = rows_of(file({k: v or "NA" for k, v in ABSENT.items()}))
    assert (row["did_play"], row["points"]) == (False, None)


@pytest.mark.parametrize(
    ("uid", "message"),
    [
        ("s:40~l:59~t:9", r"line 3: team_uid 's:40~l:59~t:9', expected .*l:46 \(the NBA\), not the WNBA"),
        ("s:40~l:77~t:9", "not another league"),
        ("", "line 3: team_uid is empty, expected .*l:46"),
    ],
)
def test_a_row_of_another_league_is_refused(uid: str, message: str) -> None:
    with pytest.raises(FeedError, match=message):
        read(file(PLAYED, PLAYED | {"team_uid": uid}))


def test_without_team_uid_an_address_proves_the_league() -> None:
    assert len(rows_of(file(PLAYED, ABSENT, without=("team_uid",)))) == 2
    wnba = PLAYED | {"team_logo": "https://espn.example/i/teamlogos/wnba/500/min.png"}
    with pytest.raises(FeedError, match=r"team_logo .*wnba.*, expected an address of the NBA"):
        read(file(wnba, without=("team_uid",)))
    with pytest.raises(FeedError, match="team_logo is empty, expected team_uid with l:46"):
        read(file(PLAYED | {"team_logo": "", "athlete_headshot_href": ""}, without=("team_uid",)))
    with pytest.raises(FeedError, match="no column team_uid, team_logo, athlete_headshot_href, so no league"):
        read(file(PLAYED, without=("team_uid", "team_logo", "athlete_headshot_href")))


def test_rows_that_are_not_imported_are_counted() -> None:
    star = PLAYED | {"team_id": "132374", "team_abbreviation": "EAST", "team_uid": "s:40~l:46~t:132374"}
    result = read(file(star, star, PLAYED | {"season_type": "1"}, PLAYED))
    assert result.tables[RowKind.BOX_SCORES].num_rows == 1
    assert [(note.rows, note.reason.split(",")[0]) for note in result.notes] == [
        (1, "rows of pre-season games"), (2, "rows of All-Star or guest teams"),
    ]  # fmt: skip
    assert result.notes[1].example == "Jo Doe, EAST, 2024-11-02"
    assert read(file(star)).tables == {}


def test_a_player_who_is_not_marked_as_absent_needs_minutes() -> None:
    result = read(file(PLAYED | {"minutes": ""}, PLAYED))
    assert result.tables[RowKind.BOX_SCORES].num_rows == 1
    assert [note.rows for note in result.notes] == [1]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"season_type": "4"}, r"season_type '4', expected 2 \(regular season\)"),
        ({"did_not_play": ""}, "did_not_play is empty, expected a value"),
        ({"did_not_play": "no"}, "did_not_play 'no', expected TRUE or FALSE"),
        ({"home_away": "neutral"}, "home_away 'neutral', expected home or away"),
        ({"points": "12.5"}, "points '12.5', expected a whole number"),
        ({"game_date": "11/02/2024"}, "game_date '11/02/2024', expected a date"),
    ],
)
def test_a_value_that_means_nothing_is_refused_with_its_place(changed: dict[str, str], message: str) -> None:
    with pytest.raises(FeedError, match=rf"box\.csv: line 2: {message}"):
        read(file(PLAYED | changed))


def test_every_absent_column_is_named_at_once() -> None:
    with pytest.raises(FeedError, match="no column home_away, minutes, points;"):
        read(file(PLAYED, without=("minutes", "points", "home_away")))


def test_the_number_of_the_team_is_in_either_column() -> None:
    star = PLAYED | {"team_id": "132374", "team_uid": "s:40~l:46~t:132374"}
    for absent in ("team_id", "team_uid"):
        assert read(file(star, PLAYED, without=(absent,))).tables[RowKind.BOX_SCORES].num_rows == 1
    with pytest.raises(FeedError, match="no column team_uid or team_id, expected one of them"):
        read(file(PLAYED, without=("team_id", "team_uid")))


def test_season_and_season_type_may_be_absent() -> None:
    (row,) = rows_of(file(PLAYED, without=("season", "season_type")))
    assert "season" not in row
