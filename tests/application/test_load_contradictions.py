"""Rows of a file that contradict the schedule, or games that contradict each other, are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from shared.errors import Rejected
from tests.application.small_folder import PLAYED, TONIGHT, Rows, World, files, game

OTHER_GAMES = [
    game(PLAYED, "LAL", "BOS", "0022400003", 95),
    game(TONIGHT, "BOS", "LAL", "0022400004"),
]


def changed(name: str, **values: Any) -> dict[str, Rows]:
    """The small folder with a second game on each date, and values of the first row of a file."""
    rows = files()
    rows["games"] += OTHER_GAMES
    rows[name][0] |= values
    return rows


def assert_refused(world: World, folder: dict[str, Rows], message: str) -> None:
    with pytest.raises(Rejected, match=message):
        world.load(folder)
    assert world.is_empty()


@pytest.mark.parametrize(
    ("name", "source_id"),
    [("player_game_logs", "0022400003"), ("prop_lines", "0022400004"), ("injury_report", "0022400004")],
)
def test_the_game_id_of_a_game_of_other_teams_is_refused(name: str, source_id: str, tmp_path: Path) -> None:
    message = f"{name}.parquet: row 0, column game_id, value '{source_id}': is a game of other teams"
    assert_refused(World(tmp_path), changed(name, game_id=source_id), message)


def test_the_stored_game_of_a_game_id_counts_as_well(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.load(changed("games"))
    later = changed("prop_lines", game_id="0022400004")
    later["games"] = files()["games"]
    with pytest.raises(Rejected, match="column game_id, value '0022400004': is a game of other teams"):
        world.load(later)


def test_a_team_has_one_game_a_date(tmp_path: Path) -> None:
    folder = files()
    home, away = folder["games"][1]["home_team"], folder["games"][1]["away_team"]
    message = "games.parquet: row 1, column game_date, value 2025-03-19: a second game of a team on one date"
    folder["games"].append(game(TONIGHT, away, home, "0022400009"))
    assert_refused(World(tmp_path), folder, message)
    folder["games"][-1] = game(TONIGHT, home, "LAL", "0022400009")
    assert_refused(World(tmp_path), folder, message)


@pytest.mark.parametrize("season", ["2023-24", "2025-26", "2024-26", "2024-99", "2010-11"])
@pytest.mark.parametrize("name", ["games", "player_game_logs"])
def test_the_season_is_that_of_the_date(name: str, season: str, tmp_path: Path) -> None:
    folder = files()
    folder[name][0]["season"] = season
    assert_refused(World(tmp_path), folder, f"{name}.parquet: row 0, column season, value '{season}': is not")
