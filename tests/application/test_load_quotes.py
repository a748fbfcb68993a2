"""Quotes of a load: one main line a book and instant, one key a book, pick'em lines without a price."""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.application.features.slate_inputs import Quotes
from shared.domain.instants import to_micros
from shared.domain.players.names import game_id, player_lookup
from shared.domain.vocabulary import RunMode
from tests.application.small_folder import NOW, TONIGHT, World, files, game, log, quote

STORED = "FROM nba_raw.odds_api_player_points_props WHERE game_date = '2025-03-19' ORDER BY points_line"


def current_lines(world: World, mode: RunMode = RunMode.LIVE) -> list[float]:
    row_of = {game_id(TONIGHT, "BKN", "PHX"): 0}
    as_of = np.array([to_micros(NOW)])
    quotes = Quotes.read(world.warehouse, TONIGHT, TONIGHT, row_of, as_of, mode)
    return quotes.values(quotes.current).tolist()


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 2, 0]])
def test_of_several_main_lines_of_a_book_the_one_nearest_to_even_stands(
    order: list[int], tmp_path: Path
) -> None:
    rows = [quote(17.5, -190, 150), quote(20.5, -115, -105), quote(23.5, 170, -210)]
    tables, world = files(), World(tmp_path)
    tables["prop_lines"] = [rows[i] for i in order]
    loaded = world.load(tables)
    stored = world.rows(f"SELECT points_line, is_main {STORED}")
    assert [(r["points_line"], r["is_main"]) for r in stored] == [(17.5, False), (20.5, True), (23.5, False)]
    assert current_lines(world) == [20.5]
    assert [(n.severity, n.rows) for n in loaded.notes] == [("WARNING", 2)]
    assert {n.dates for n in loaded.notes} == {(TONIGHT, TONIGHT)}
    assert not any(world.load(tables).changed.values())


def test_of_two_lines_equally_near_the_lower_one_stands(tmp_path: Path) -> None:
    tables, world = files(), World(tmp_path)
    tables["prop_lines"] = [quote(21.5, -110, -110), quote(20.5, -110, -110)]
    world.load(tables)
    assert current_lines(world) == [20.5]


def test_of_two_lines_equally_near_the_one_that_other_books_confirm_stands(tmp_path: Path) -> None:
    tables, world = files(), World(tmp_path)
    alike = [quote(7.5, -137, -137), quote(21.0, -137, -137)]
    tables["prop_lines"] = [*alike, quote(20.5) | {"bookmaker": "betmgm"}]
    world.load(tables)
    stored = world.rows(f"SELECT points_line, is_main {STORED}")
    assert {(r["points_line"], r["is_main"]) for r in stored} == {(7.5, False), (21.0, True), (20.5, True)}


def test_main_lines_that_came_in_two_files_are_chosen_by_the_same_rule(tmp_path: Path) -> None:
    tables, world = files(), World(tmp_path)
    for row in (quote(20.5, -112, -108), quote(12.5, -900, 600), quote(29.5, 700, -1100)):
        tables["prop_lines"] = [row]
        world.load(tables)
    assert current_lines(world) == [20.5]


def test_lines_of_two_instants_or_books_are_not_several(tmp_path: Path) -> None:
    tables, world = files(), World(tmp_path)
    later = quote()["snapshot_time_utc"].replace(hour=19)
    tables["prop_lines"] = [
        quote(20.5),
        quote(21.5, snapshot_time_utc=later),
        quote(22.5, bookmaker="fanduel"),
    ]
    assert world.load(tables).notes == ()
    assert [r["is_main"] for r in world.rows(f"SELECT is_main, points_line {STORED}")] == [True] * 3
    assert current_lines(world) == [21.5]


@pytest.mark.parametrize(
    ("name", "key", "kind"),
    [
        ("DraftKings", "draftkings", "sportsbook"),
        ("FanDuel", "fanduel", "sportsbook"),
        ("BetMGM", "betmgm", "sportsbook"),
        ("William Hill (US)", "williamhill_us", "sportsbook"),
        ("Caesars", "williamhill_us", "sportsbook"),
        ("PointsBet (US)", "pointsbetus", "sportsbook"),
        ("ESPN BET", "espnbet", "sportsbook"),
        ("BetOnline.ag", "betonlineag", "sportsbook"),
        ("unibet_us", "unibet_us", "sportsbook"),
        ("PrizePicks", "prizepicks", "dfs"),
        ("Underdog Fantasy", "underdog", "dfs"),
    ],
)
def test_a_book_has_one_key_and_a_known_one_its_type(name: str, key: str, kind: str, tmp_path: Path) -> None:
    tables, world = files(), World(tmp_path)
    tables["prop_lines"] = [quote(bookmaker=name, book_type=None, snapshot_precision=None)]
    world.load(tables)
    assert world.rows(f"SELECT bookmaker, book_type, captured_precision, points_line {STORED}") == [
        {"bookmaker": key, "book_type": kind, "captured_precision": "quote", "points_line": 20.5}
    ]


def test_a_null_precision_without_an_instant_is_the_date(tmp_path: Path) -> None:
    tables, world = files(), World(tmp_path)
    tables["prop_lines"] = [quote(snapshot_precision=None, snapshot_time_utc=None)]
    world.load(tables)
    assert world.rows(f"SELECT captured_precision, points_line {STORED}")[0]["captured_precision"] == "date"
    assert current_lines(world, RunMode.LIVE) != [20.5]
    assert current_lines(world, RunMode.BACKFILL) == [20.5]


@pytest.mark.parametrize(("book", "is_line"), [("prizepicks", True), ("draftkings", False)])
def test_a_line_without_a_price_is_one_of_a_pickem_site_only(
    book: str, is_line: bool, tmp_path: Path
) -> None:
    tables, world = files(), World(tmp_path)
    tables["prop_lines"] = [quote(20.5, None, None, bookmaker=book, book_type=None)]
    world.load(tables)
    assert (current_lines(world) == [20.5]) is is_line
    assert world.rows(f"SELECT over_price, under_price, points_line {STORED}")[0]["over_price"] is None


def test_the_players_team_is_stored_where_it_plays_in_the_game(tmp_path: Path) -> None:
    tables, world = files(), World(tmp_path)
    tables["games"].append(game(TONIGHT, "LAL", "DEN", "0022400003"))
    tables["prop_lines"] = [quote(), quote(21.5, team="LAL"), quote(22.5, team=None)]
    tables["prop_lines"][1] |= {"bookmaker": "fanduel"}
    tables["prop_lines"][2] |= {"bookmaker": "betmgm"}
    notes = world.load(tables).notes
    stored = world.rows(f"SELECT team_abbr, points_line {STORED}")
    assert [r["team_abbr"] for r in stored] == ["PHX", None, None]
    assert [(n.severity, n.rows) for n in notes] == [("WARNING", 1)]


def renamed(value: Any, old: str, new: str) -> Any:
    return new if value == old else value


@pytest.mark.parametrize(("code", "with_ids", "how"), [
    ("BRK", True, "by game_id"), ("BRK", False, "by date and opponent"), ("BR", True, "by game_id"),
])  # fmt: skip
def test_a_code_of_no_game_is_read_as_the_team_that_the_games_show(
    code: str, with_ids: bool, how: str, tmp_path: Path
) -> None:
    wanted, came = World(tmp_path / "wanted"), World(tmp_path / "came")
    wanted.load(files())
    tables = files()
    for file in ("player_game_logs", "prop_lines"):
        tables[file] = [{k: renamed(v, "BKN", code) for k, v in r.items()} for r in tables[file]]
        if not with_ids:
            tables[file] = [r | {"game_id": None} for r in tables[file]]
    notes = came.load(tables).notes
    assert [(n.severity, n.file, n.rows) for n in notes] == [
        ("WARNING", "player_game_logs.parquet", 2),
        ("WARNING", "prop_lines.parquet", 1),
    ]
    assert all(n.reason == f"team {code}, in no game, read as BKN {how}" for n in notes)
    for sql in ("nba_analytics.player_game_summary", "nba_raw.odds_api_player_points_props"):
        rows = f"SELECT * FROM {sql} WHERE game_date > '2025-01-01' ORDER BY player_lookup"
        assert came.rows(rows) == wanted.rows(rows)


def test_a_code_without_evidence_is_refused_with_the_likely_one(tmp_path: Path) -> None:
    tables = files()
    tables["player_game_logs"].append(log(3, "Cy Coe", "LAL", "PHO", True) | {"game_id": None})
    with pytest.raises(Exception, match=r"row 2, column opponent, value 'PHO': .*likely PHX") as refused:
        World(tmp_path).load(tables)
    assert "value 'LAL': a team of no game" in str(refused.value)


@pytest.mark.parametrize("name", ["O'Neale", 'Say "Hey"', "Dāvis Bertāns", "Nenê"])
def test_the_id_of_a_quote_is_the_hash_of_its_values_as_a_tuple(name: str, tmp_path: Path) -> None:
    """Stored quotes have these ids, so every character of the text must stay."""
    tables = files()
    tables["prop_lines"] = [
        quote(player_name=name, player_id=None, line=20.0, over=None, source='a "b" c'),
        quote(player_name=name, snapshot_time_utc=None, snapshot_precision="date"),
    ]
    world = World(tmp_path)
    world.load(tables)
    instant = int(datetime(2025, 3, 19, 18, tzinfo=UTC).timestamp() * 1_000_000)
    lookup = player_lookup(name)
    shared = (TONIGHT, "20250319_BKN_PHX")
    texts = [
        repr(
            (
                *shared,
                None,
                lookup,
                "draftkings",
                "sportsbook",
                20.0,
                None,
                -110,
                True,
                instant,
                "quote",
                'a "b" c',
            )
        ),
        repr((*shared, 1, lookup, "draftkings", "sportsbook", 20.5, -110, -110, True, None, "date", "s")),
    ]
    stored = {
        row["quote_id"]
        for row in world.rows(
            "SELECT quote_id FROM nba_raw.odds_api_player_points_props WHERE game_date > '1900-01-01'"
        )
    }
    assert stored == {sha256(text.encode()).hexdigest()[:24] for text in texts}
