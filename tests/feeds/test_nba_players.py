"""Lists of players and tables of ids."""

from __future__ import annotations

import pytest

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import RowKind
from tests.feeds.nba_files import raw, table

INDEX = [
    "PERSON_ID",
    "PLAYER_LAST_NAME",
    "PLAYER_FIRST_NAME",
    "TEAM_ID",
    "TEAM_ABBREVIATION",
    "FROM_YEAR",
    "TO_YEAR",
]


def test_an_index_has_names_in_two_columns_with_accents_and_suffixes() -> None:
    file = raw({
        "resultSets": [
            table("PlayerIndex", INDEX, [202710, "Butler III", "Jimmy", 1610612744, "GSW", "2011", "2025"],
                  [203992, "Bogdanović", "Bogdan", 0, "", "2017", "2024"])
        ]
    })  # fmt: skip
    assert feed_of(file).read(file).tables[RowKind.PLAYERS].to_pylist() == [
        {
            "player_id": 202710,
            "player_name": "Jimmy Butler III",
            "team": "GSW",
            "first_season": 2011,
            "last_season": 2025,
        },
        {
            "player_id": 203992,
            "player_name": "Bogdan Bogdanović",
            "team": None,
            "first_season": 2017,
            "last_season": 2024,
        },
    ]


def test_a_row_without_an_id_is_refused() -> None:
    file = raw({"resultSets": [table("PlayerIndex", INDEX, [None, "Bo", "Al", 0, "", "2017", "2024"])]})
    with pytest.raises(FeedError, match="a row without PERSON_ID, expected"):
        feed_of(file).read(file)


def test_ids_of_two_players_are_left_out_and_counted() -> None:
    lines = [
        "NBAName,NBAID,ESPNID,BBRefID",
        "Al Bo,1,11.0,boal01",
        "Cy Di,2,12,NA",
        "Ed Fü,3,12,fued01",
        "Al Bo,1,11,boal01",
    ]
    file = RawFile("ids.csv", "\n".join(lines).encode("windows-1252"))
    result = feed_of(file).read(file)
    found = [(r["source"], r["source_player_id"], r["player_id"], r["player_name"])
             for r in result.tables[RowKind.PLAYER_IDS].to_pylist()]  # fmt: skip
    assert found == [
        ("espn", "11", 1, "Al Bo"), ("basketball_reference", "boal01", 1, "Al Bo"),
        ("basketball_reference", "fued01", 3, "Ed Fü"),
    ]  # fmt: skip
    assert [(n.rows, n.example) for n in result.notes] == [(2, "ESPNID 12, NBAID 2")]
