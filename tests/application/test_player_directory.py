"""Lists of players, tables of ids, names without a player, and the check of all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from shared.application.feeds.rows import RowKind, feed_table
from shared.application.players.add_aliases import (
    NO_ID,
    SEVERAL_IDS,
    STORED_OTHERWISE,
    UNKNOWN_PLAYER,
    AddAliases,
    LeftOut,
)
from shared.application.players.aliases import NAME, Alias, KnownAliases, PlayerAliases
from shared.application.players.check import CheckPlayers, SharedIdentity
from shared.application.players.directory import PlayerDirectory
from shared.application.players.unresolved import LAST_NAME, OWN_NAME, UnresolvedName, UnresolvedNames
from shared.errors import Rejected
from shared.warehouse.schedule import FIRST_DATE, LAST_DATE
from tests.application import small_folder as small
from tests.application.small_folder import NOW, PLAYED, TONIGHT, World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world")


def write(world: World, **columns: Any) -> int:
    return PlayerDirectory(world.warehouse).write(feed_table(RowKind.PLAYERS, columns), "list", NOW)


def test_an_absent_column_leaves_the_stored_value_and_a_null_removes_it(world: World) -> None:
    names = {"player_id": [1, 2], "player_name": ["Aron Aşık", "Ben Bo"]}
    assert (
        write(world, **names, team=["PHX", "BKN"], first_season=[2020, 2021], last_season=[2024, 2024]) == 2
    )
    assert write(world, **names) == 0
    assert write(world, player_id=[2], player_name=["Ben Bo"], team=[None]) == 1
    one, two = PlayerDirectory(world.warehouse).players()
    assert (one.lookup, one.team, one.first_season, one.last_season) == ("aronasik", "PHX", 2020, 2024)
    assert (two.team, two.last_season) == (None, 2024)


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"player_id": [1]}, "no column player_name"),
        ({"player_id": [1, None], "player_name": ["A", "B"]}, "1 rows have no player_id"),
        ({"player_id": [-5], "player_name": ["A"]}, "has the id -5, expected a positive id"),
        ({"player_id": [1], "player_name": ["?"]}, "player 1: '\\?' has no letter"),
        ({"player_id": [1, 1], "player_name": ["A", "B"]}, "share a key"),
    ],
)
def test_a_list_that_is_no_list_of_players_is_refused(world: World, columns: Any, words: str) -> None:
    with pytest.raises(Rejected, match=words):
        write(world, **columns)
    assert PlayerDirectory(world.warehouse).players() == []


def test_ids_of_a_source_are_stored_and_what_contradicts_is_left_out_and_counted(world: World) -> None:
    write(world, player_id=[1, 2, 3], player_name=["A", "B", "C"])
    add = AddAliases(world.warehouse)

    def ids(*rows: tuple[int | None, str | None]) -> pa.Table:
        players, theirs = zip(*rows, strict=True)
        return feed_table(
            RowKind.PLAYER_IDS,
            {"player_id": players, "source": ["espn"] * len(rows), "source_player_id": theirs},
        )

    first = add.ids(ids((1, "10"), (1, "10"), (2, "20"), (3, "20"), (9, "90"), (3, None)), "crosswalk", NOW)
    assert (first.read, first.changed) == (6, 1)
    assert set(first.left_out) == {
        LeftOut(SEVERAL_IDS, 2, "espn 20 = 2"),
        LeftOut(UNKNOWN_PLAYER, 1, "espn 90 = 9"),
        LeftOut(NO_ID, 1, "espn None = 3"),
    }
    again = add.ids(ids((2, "10"), (2, "20")), "crosswalk", NOW)
    assert (again.changed, again.left_out) == (1, (LeftOut(STORED_OTHERWISE, 1, "espn 10 = 2"),))
    known = KnownAliases(PlayerAliases(world.warehouse).all())
    assert [known.by_id("espn", i, PLAYED) for i in ("10", "20", "90")] == [1, 2, None]
    assert known.by_id("other", "10", PLAYED) is None


# --- names without a player


def unresolved(world: World) -> list[UnresolvedName]:
    return UnresolvedNames(world.warehouse)(FIRST_DATE, LAST_DATE)


def test_names_without_a_player_are_grouped_by_source_with_candidates_of_the_last_name(world: World) -> None:
    names = {"player_id": None, "player_name": "B. Bo Jr."}
    logs = small.files()["player_game_logs"]
    assert unresolved(world) == []
    world.load(
        small.files()
        | {
            "prop_lines": [small.quote(**names), small.quote(21.5, is_main=False, **names)],
            "injury_report": [small.injury(**names)],
            "player_game_logs": [*logs, small.log(0, "No Body", "PHX", "BKN", False) | {"player_id": None}],
        }
    )
    quotes, report, nobody = unresolved(world)
    assert (quotes.source, quotes.player_lookup, quotes.quotes, quotes.rows) == ("s", "bbojr", 2, 2)
    assert (report.source, report.injury_reports, report.rows) == ("", 1, 1)
    assert (nobody.player_lookup, nobody.box_scores, nobody.candidates) == ("nobody", 1, ())
    assert (quotes.first_game_date, quotes.last_game_date, quotes.teams) == (TONIGHT, TONIGHT, ("BKN", "PHX"))
    assert [(c.player_id, c.player_name, c.team, c.reason) for c in quotes.candidates] == [
        (2, "Ben Bo", "BKN", LAST_NAME)
    ]
    assert quotes.commands == ("props players alias add bbojr --player-id 2",)
    assert nobody.commands == ("props players alias add nobody --player-id PLAYER_ID",)


def test_a_player_of_exactly_the_name_elsewhere_is_a_candidate_and_the_command_names_the_source(
    world: World,
) -> None:
    write(world, player_id=[9], player_name=["Far Away"], team=["LAL"])
    world.load(
        small.files() | {"prop_lines": [small.quote(player_id=None, player_name="Far Away", source="a b")]}
    )
    (name,) = unresolved(world)
    assert [(c.player_id, c.reason) for c in name.candidates] == [(9, OWN_NAME)]
    assert name.command == "props players alias add faraway --player-id PLAYER_ID --source 'a b'"


def test_a_withdrawn_quote_is_no_open_name(world: World) -> None:
    names = {"player_id": None, "player_name": "Big Ben"}
    world.load(small.files() | {"prop_lines": [small.quote(20.5, **names)]})
    world.load(small.files() | {"prop_lines": [small.quote(22.5, **names)]})
    assert [n.rows for n in unresolved(world)] == [1]


# --- the check


def test_the_check_counts_and_finds_two_players_of_one_identity(world: World) -> None:
    write(
        world,
        player_id=[1, 2, 3, 4, 5],
        player_name=["Chris Johnson", "Chris Johnson", "Chris Johnson", "Al Bo", "Al Bo"],
        first_season=[2012, 2012, 1970, None, None],
        last_season=[2013, 2012, 1980, None, None],
    )
    aliases = [
        Alias("", NAME, "aa", 1, FIRST_DATE, None, "me", NOW),
        Alias("", NAME, "aa", 2, PLAYED, None, "me", NOW),
        Alias("", NAME, "bb", 99, FIRST_DATE, PLAYED, "me", NOW),
    ]
    PlayerAliases(world.warehouse).write(aliases, NOW)
    found = CheckPlayers(world.warehouse)()
    assert (found.players, found.without_season, found.shared_names) == (5, 2, 2)
    assert found.shared_identities == (SharedIdentity("chrisjohnson", (1, 2)),)
    assert (found.name_aliases, found.id_aliases, found.ended_aliases) == (3, 0, 1)
    assert found.unknown_players == ("name bb = 99 to 2025-03-17",)
    assert found.conflicts == ("name aa = 1 and name aa = 2 from 2025-03-17",)
    assert found.has_findings
