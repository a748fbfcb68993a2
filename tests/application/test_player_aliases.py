"""Aliases and listed players in the matching of names, and what a load does with rows stored before."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from shared.application.ingestion.load import LoadResult
from shared.application.players.add_aliases import AddAliases
from shared.application.players.aliases import ID, NAME, Alias, KnownAliases, PlayerAliases
from shared.application.players.directory import PlayerDirectory
from shared.domain.players.name_matching import id_of_name
from shared.errors import Rejected
from shared.warehouse.schedule import FIRST_DATE
from tests.application import small_folder as small
from tests.application.small_folder import NOW, PLAYED, TONIGHT, World

QUOTES = "nba_raw.odds_api_player_points_props"
REPORTS = "nba_raw.nbac_injury_report"
BOX_SCORES = "nba_analytics.player_game_summary"
NICK = {"player_id": None, "player_name": "Big Ben"}
"""A spelling that no roster has: Ben Bo, player 2 of BKN."""


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world")


def files(**changed: Any) -> dict[str, Any]:
    return small.files() | changed


def alias(text: str, player_id: int, source: str = "", kind: str = NAME, **dates: date | None) -> Alias:
    return Alias(
        source, kind, text, player_id, dates.get("first") or FIRST_DATE, dates.get("last"), "me", NOW
    )


def add(world: World, text: str, player_id: int, source: str = "", **dates: date | None) -> None:
    AddAliases(world.warehouse).one(alias(text, player_id, source, **dates), NOW)


def list_players(world: World, *players: tuple[int, str, str | None, int | None, int | None]) -> int:
    names = ("player_id", "player_name", "team", "first_season", "last_season")
    types = (pa.int64(), pa.string(), pa.string(), pa.int64(), pa.int64())
    columns = zip(*players, strict=True)
    rows = pa.table({n: pa.array(c, t) for n, c, t in zip(names, columns, types, strict=True)})
    return PlayerDirectory(world.warehouse).write(rows, "list", NOW)


def quoted(world: World) -> list[tuple[int | None, str | None]]:
    rows = world.rows(f"SELECT player_id, player_id_source FROM {QUOTES} WHERE game_date >= '1950-01-01'")
    return [(r["player_id"], r["player_id_source"]) for r in rows]


def reported(world: World) -> list[tuple[int, str]]:
    rows = world.rows(f"SELECT player_id, player_id_source FROM {REPORTS} WHERE game_date >= '1950-01-01'")
    return sorted((r["player_id"], r["player_id_source"]) for r in rows)


def played(world: World, game_date: date = PLAYED) -> list[tuple[int, str]]:
    rows = world.rows(f"SELECT player_id, player_lookup FROM {BOX_SCORES} WHERE game_date = '{game_date}'")
    return sorted((r["player_id"], r["player_lookup"]) for r in rows)


def versions(world: World, table: str) -> int:
    where = f"table_name = '{table}' AND game_date >= '1900-01-01'"
    return len(world.rows(f"SELECT row_key FROM nba_raw.row_versions WHERE {where}"))


def test_the_same_quotes_get_their_player_after_an_alias_and_none_is_stored_twice(world: World) -> None:
    loaded = files(prop_lines=[small.quote(**NICK, team="BKN"), small.quote(21.5, is_main=False, **NICK)])
    world.load(loaded)
    assert quoted(world) == [(None, None)] * 2
    add(world, "bigben", 2)
    again = world.load(loaded)
    assert quoted(world) == [(2, "alias")] * 2
    assert again.changed["odds_api_player_points_props"] == 2
    assert [(str(n.severity), n.reason) for n in again.notes] == [
        ("INFO", "no player id, matched by an alias (1 players)")
    ]
    assert sum(world.load(loaded).changed.values()) == 0


def test_a_stored_report_under_the_id_of_a_name_changes_its_player(world: World) -> None:
    loaded = files(injury_report=[small.injury(**NICK)])
    world.load(loaded)
    assert reported(world) == [(id_of_name("bigben"), "none")]
    add(world, "bigben", 2)
    again = world.load(loaded)
    assert reported(world) == [(2, "alias")]
    assert (again.changed["nbac_injury_report"], again.replaced) == (1, 1)
    assert versions(world, REPORTS) == 1
    assert sum(world.load(loaded).changed.values()) == 0


def test_a_stored_box_score_under_the_id_of_a_name_changes_its_player_and_keeps_absent_columns(
    world: World,
) -> None:
    mine = small.log(2, "Ben Bo", "BKN", "PHX", True) | NICK
    other = small.log(1, "Aron Aşık", "PHX", "BKN", False)
    with_fouls = [other | {"pf": 1}, mine | {"pf": 5}]
    list_players(world, (2, "Ben Bo", None, None, None))
    world.load(files(player_game_logs=with_fouls))
    assert played(world) == [(id_of_name("bigben"), "bigben"), (1, "aronasik")]
    add(world, "bigben", 2)
    again = world.load(files(player_game_logs=[other, mine]))
    assert played(world) == [(1, "aronasik"), (2, "bigben")]
    assert versions(world, BOX_SCORES) == again.replaced == 1
    (fouls,) = world.rows(
        f"SELECT personal_fouls FROM {BOX_SCORES} WHERE game_date = '{PLAYED}' AND player_id = 2"
    )
    assert fouls["personal_fouls"] == 5
    assert sum(world.load(files(player_game_logs=[other, mine])).changed.values()) == 0


@pytest.mark.parametrize("table", ["player_game_logs", "injury_report"])
def test_a_row_that_another_source_has_stored_for_the_player_is_not_doubled(world: World, table: str) -> None:
    """The first file names him Big Ben without an id, the second Ben Bo with one: two rows until the alias."""
    row = small.log(2, "Ben Bo", "BKN", "PHX", True) if table == "player_game_logs" else small.injury()
    other = [small.log(1, "Aron Aşık", "PHX", "BKN", False)] if table == "player_game_logs" else []
    nick = files(**{table: [*other, row | NICK]})
    world.load(nick)
    world.load(files(**{table: [*other, row]}))
    stored, name = (BOX_SCORES, PLAYED) if other else (REPORTS, TONIGHT)
    count = f"SELECT player_id FROM {stored} WHERE game_date = '{name}' AND player_id != 1"
    assert len(world.rows(count)) == 2
    add(world, "bigben", 2)
    world.load(nick)
    assert [r["player_id"] for r in world.rows(count)] == [2]
    assert (
        '"player_lookup": "bigben"'
        in world.rows(
            f"SELECT row_json FROM nba_raw.row_versions WHERE table_name = '{stored}' AND game_date = '{name}'"
        )[0]["row_json"]
    )
    assert sum(world.load(nick).changed.values()) == 0


def test_an_alias_that_no_longer_counts_gives_the_row_back_to_its_name(world: World) -> None:
    loaded = files(injury_report=[small.injury(**NICK)])
    world.load({name: rows for name, rows in files().items() if name != "injury_report"})
    add(world, "bigben", 2)
    world.load(loaded)
    PlayerAliases(world.warehouse).end("", NAME, "bigben", FIRST_DATE - timedelta(days=1), NOW)
    world.load(loaded)
    assert reported(world) == [(id_of_name("bigben"), "none")]
    add(world, "bigben", 1)  # takes the place of the one that never counts, whose version is stored
    assert versions(world, "nba_reference.player_aliases") == 2
    world.load(loaded)
    assert reported(world) == [(1, "alias")]


def test_two_players_of_one_name_with_ids_of_their_own_stay_two(world: World) -> None:
    """Neither id is made of a name: the second row replaces no other."""
    world.load(files(injury_report=[small.injury()]))
    world.load(files(injury_report=[small.injury(player_id=77, team="PHX")]))
    assert [i for i, _ in reported(world)] == [2, 77]


@pytest.mark.parametrize(
    ("source", "expected"), [("s", (1, "alias")), ("other", (2, "alias"))], ids=["own", "general"]
)
def test_an_alias_of_the_source_comes_before_a_general_one(
    world: World, source: str, expected: tuple[int, str]
) -> None:
    world.load(files())
    add(world, "bigben", 2)
    add(world, "bigben", 1, source="s")
    world.load(files(prop_lines=[small.quote(22.5, **NICK, source=source)]))
    assert expected in quoted(world)


@pytest.mark.parametrize(
    ("dates", "is_matched"),
    [
        ({"first": TONIGHT}, True),
        ({"first": TONIGHT + timedelta(days=1)}, False),
        ({"last": TONIGHT}, True),
        ({"last": PLAYED}, False),
    ],
)
def test_an_alias_counts_from_its_first_to_its_last_game_date(
    world: World, dates: dict[str, date], is_matched: bool
) -> None:
    world.load(files())
    add(world, "bigben", 2, **dates)
    world.load(files(prop_lines=[small.quote(22.5, **NICK)]))
    assert ((2, "alias") in quoted(world)) is is_matched


def test_an_id_of_the_rosters_that_is_not_the_players_of_the_alias_is_a_contradiction(world: World) -> None:
    world.load(files())
    add(world, "bigben", 2)
    loaded = world.load(files(prop_lines=[small.quote(22.5, player_id=1, player_name="Big Ben")]))
    assert (None, None) in quoted(world)
    assert any("the id and the name are two players" in n.reason for n in loaded.notes)


def test_another_sources_id_gives_way_to_the_alias(world: World) -> None:
    world.load(files())
    add(world, "bigben", 2)
    world.load(files(prop_lines=[small.quote(22.5, player_id=4_395_724, player_name="Big Ben")]))
    assert (2, "alias") in quoted(world)


def test_the_alias_of_a_short_spelling_takes_no_row_of_another_player_with_the_last_name(
    world: World,
) -> None:
    """Player 9, of neither team, is "C. Bo"; in the game of Ben Bo the same spelling is not his."""
    list_players(world, (9, "Carl Bo", "LAL", 2024, 2024))
    world.load(files())
    add(world, "cbo", 9)
    loaded = world.load(files(prop_lines=[small.quote(22.5, player_id=None, player_name="C. Bo")]))
    assert (None, None) in quoted(world)
    assert any("in neither roster" in n.reason for n in loaded.notes)


# --- listed players


def newcomer(world: World, team: str | None, first: int | None, last: int | None) -> LoadResult:
    list_players(world, (777, "Neo Rookson", team, first, last))
    return world.load(files(prop_lines=[small.quote(player_id=None, player_name="Neo Rookson")]))


@pytest.mark.parametrize(
    ("team", "first", "last", "expected"),
    [
        ("PHX", 2024, 2024, (777, "name")),
        ("PHX", None, None, (777, "name")),
        ("PHX", 2020, 2023, (777, "name")),  # the list is of last season
        ("LAL", 2024, 2024, (None, None)),
        (None, 2024, 2024, (None, None)),
        ("PHX", 2010, 2015, (None, None)),  # his team of that season is not the one of this season
        ("PHX", 2025, 2025, (None, None)),
    ],
)
def test_a_listed_player_of_the_two_teams_is_matched_before_the_first_game(
    world: World, team: str | None, first: int | None, last: int | None, expected: tuple[Any, Any]
) -> None:
    newcomer(world, team, first, last)
    assert quoted(world) == [expected]


def test_a_listed_player_takes_no_name_that_a_roster_player_has(world: World) -> None:
    list_players(world, (777, "Aron Asik", "BKN", 2024, 2024))
    world.load(files(prop_lines=[small.quote(player_id=None)]))
    assert quoted(world) == [(1, "name")]


# --- adding and ending


@pytest.mark.parametrize(
    ("new", "words"),
    [
        (alias("bigben", 5), "player 5 is unknown"),
        (alias("bigben", 1), "contradicts name bigben = 2"),
        (alias("bigben", 1, first=TONIGHT), "contradicts name bigben = 2"),
        (alias("aronasik", 2), "the own name of 1, expected --source"),
        (alias("12", 2, kind=ID), "an id without a source"),
        (alias("x", 2, first=TONIGHT, last=PLAYED), "ends before it begins"),
    ],
)
def test_an_alias_that_contradicts_is_refused(world: World, new: Alias, words: str) -> None:
    world.load(files())
    add(world, "bigben", 2)
    with pytest.raises(Rejected, match=words):
        AddAliases(world.warehouse).one(new, NOW)
    assert len(PlayerAliases(world.warehouse).all()) == 1


def test_a_source_may_call_a_player_by_anothers_name(world: World) -> None:
    world.load(files())
    assert AddAliases(world.warehouse).one(alias("aronasik", 2, "espn"), NOW)


def test_an_alias_that_is_stored_is_not_stored_again(world: World) -> None:
    world.load(files())
    add(world, "bigben", 2)
    assert not AddAliases(world.warehouse).one(alias("bigben", 2, first=PLAYED), NOW)
    assert len(PlayerAliases(world.warehouse).all()) == 1


def test_after_its_end_a_spelling_may_mean_another_player(world: World) -> None:
    world.load(files())
    add(world, "bigben", 2)
    (ended,) = PlayerAliases(world.warehouse).end("", NAME, "bigben", PLAYED, NOW)
    assert (ended.valid_from, ended.valid_to) == (FIRST_DATE, PLAYED)
    add(world, "bigben", 1, first=TONIGHT)
    known = KnownAliases(PlayerAliases(world.warehouse).all())
    assert [known.by_name("bigben", "", d) for d in (PLAYED, TONIGHT)] == [2, 1]
    with pytest.raises(Rejected, match="no alias counts after"):
        PlayerAliases(world.warehouse).end("", NAME, "bigbob", PLAYED, NOW)


def test_two_aliases_that_name_two_players_on_one_date_are_refused_where_they_are_read() -> None:
    known = KnownAliases([alias("bigben", 1), alias("bigben", 2, first=TONIGHT)])
    assert known.by_name("bigben", "", PLAYED) == 1
    with pytest.raises(Rejected, match=r"bigben = 1 and name bigben = 2 .* expected one player"):
        known.by_name("bigben", "", TONIGHT)
