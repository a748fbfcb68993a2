"""Write 30 days of invented odds in the shape of The Odds API: ``python -m tests.bench.odds_import.odds_files FOLDER``.

544,320 quotes: 8 events a day, 3 snapshots of each, 6 books, 18 players, 7 lines. Four books list the alternate
lines as a market of their own, two inside ``player_points``.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

EASTERN = ZoneInfo("America/New_York")
FIRST_DAY = date(2025, 1, 6)
BOOKS = ("draftkings", "fanduel", "betmgm", "williamhill_us", "betrivers", "unibet_us")
ONE_MARKET = ("betrivers", "unibet_us")
PLAYERS_A_TEAM = 9
STEPS = (0, -6, -4, -2, 2, 4, 6)
"""Distances of the seven lines of a player from the book's line."""

TEAMS = {
    "Atlanta Hawks": "ATL", "Boston Celtics": "BOS", "Brooklyn Nets": "BKN", "Charlotte Hornets": "CHA",
    "Chicago Bulls": "CHI", "Cleveland Cavaliers": "CLE", "Dallas Mavericks": "DAL", "Denver Nuggets": "DEN",
    "Detroit Pistons": "DET", "Golden State Warriors": "GSW", "Houston Rockets": "HOU",
    "Indiana Pacers": "IND", "Los Angeles Clippers": "LAC", "Los Angeles Lakers": "LAL",
    "Memphis Grizzlies": "MEM", "Miami Heat": "MIA",
}  # fmt: skip
FIRST = (
    "Aaron",
    "Björn",
    "Carlos",
    "Dāvis",
    "Elijah",
    "Franz",
    "Goran",
    "Hugo",
    "Isaiah",
    "José",
    "Karl",
    "Luka",
)
LAST = ("Abbott", "Bogdanić", "Carter", "Dubois", "Ellison", "Fernández", "Green", "Hölzl", "Ivanov", "Jokšić",
        "Kuzmić", "Long", "Müller", "Novak", "O'Neale")  # fmt: skip
ASCII = str.maketrans("öāáíéüćčš", "oaaieuccs")


@dataclass(frozen=True)
class Game:
    game_id: str
    event_id: str
    tipoff: datetime
    home: str
    away: str


def rosters() -> dict[str, list[tuple[int, str]]]:
    """Return id and name of the players of each team; the names have accents and suffixes."""
    names = [f"{first} {last}" for last in LAST for first in FIRST]
    shares = {team: names[i * PLAYERS_A_TEAM : (i + 1) * PLAYERS_A_TEAM] for i, team in enumerate(TEAMS)}
    return {
        team: [(1_620_000 + 100 * i + k, name) for k, name in enumerate(share)]
        for i, (team, share) in enumerate(shares.items())
    }


def games(days: int) -> Iterator[Game]:
    shuffled = random.Random(7)
    for day in range(days):
        teams = shuffled.sample(list(TEAMS), len(TEAMS))
        for i, (home, away) in enumerate(zip(teams[::2], teams[1::2], strict=True)):
            local = datetime.combine(FIRST_DAY + timedelta(days=day), time(19 + i // 3), EASTERN)
            number = day * len(TEAMS) // 2 + i
            event_id = f"{random.Random(number).getrandbits(128):032x}"
            yield Game(f"00224{number:05d}", event_id, local.astimezone(UTC), home, away)


def write(folder: Path, days: int = 30) -> None:
    """Write a response a file, ``rosters.parquet`` and ``games.parquet``."""
    folder.mkdir(parents=True, exist_ok=True)
    teams, played = rosters(), list(games(days))
    people = [(number, name, TEAMS[team]) for team, roster in teams.items() for number, name in roster]
    _table(people, ("player_id", "player_name", "team"), folder / "rosters.parquet")
    schedule = [
        (g.game_id, g.tipoff.astimezone(EASTERN).date(), TEAMS[g.home], TEAMS[g.away]) for g in played
    ]
    _table(schedule, ("game_id", "game_date", "home_team", "away_team"), folder / "games.parquet")
    for game in played:
        for snapshot, hours in enumerate((9, 3, 0)):
            taken = game.tipoff - timedelta(hours=hours, minutes=10)
            path = folder / f"{taken:%Y-%m-%d}_{game.event_id}_{snapshot}.json"
            path.write_bytes(msgspec.json.encode(response(game, teams, taken)))


def response(game: Game, teams: dict[str, list[tuple[int, str]]], taken: datetime) -> dict[str, Any]:
    """Return the answer of the historical event odds endpoint."""
    chance = random.Random(f"{game.event_id} {taken}")
    people = [name.translate(ASCII) for team in (game.home, game.away) for _, name in teams[team]]
    return {
        "timestamp": _utc(taken),
        "previous_timestamp": _utc(taken - timedelta(minutes=5)),
        "next_timestamp": _utc(taken + timedelta(minutes=5)),
        "data": {
            "id": game.event_id,
            "sport_key": "basketball_nba",
            "sport_title": "NBA",
            "commence_time": _utc(game.tipoff),
            "home_team": game.home,
            "away_team": game.away,
            "bookmakers": [_book(book, people, taken, chance) for book in BOOKS],
        },
    }


def _book(book: str, people: list[str], taken: datetime, chance: random.Random) -> dict[str, Any]:
    main, alternate = [], []
    for name in people:
        line = chance.randrange(9, 33) + 0.5
        for step in STEPS:
            over = _price(0.5 - step * 0.055 + chance.uniform(-0.02, 0.02))
            under = _price(0.5 + step * 0.055 + chance.uniform(-0.02, 0.02))
            pair = [
                {"name": "Over", "description": name, "price": over, "point": line + step / 2},
                {"name": "Under", "description": name, "price": under, "point": line + step / 2},
            ]
            (main if step == 0 or book in ONE_MARKET else alternate).extend(pair)
    updated = _utc(taken - timedelta(seconds=chance.randrange(10, 90)))
    markets = [{"key": "player_points", "last_update": updated, "outcomes": main}]
    if alternate:
        markets.append({"key": "player_points_alternate", "last_update": updated, "outcomes": alternate})
    return {"key": book, "title": book.title(), "markets": markets}


def _price(probability: float) -> int:
    """Return American odds with a margin of 4 percent."""
    p = probability * 1.04
    return round(-100 * p / (1 - p)) if p > 0.5 else round(100 * (1 - p) / p)


def _utc(instant: datetime) -> str:
    return instant.strftime("%Y-%m-%dT%H:%M:%SZ")


def _table(rows: list[tuple[Any, ...]], names: tuple[str, ...], path: Path) -> None:
    columns = dict(zip(names, map(list, zip(*rows, strict=True)), strict=True))
    pq.write_table(pa.table(columns), path)


if __name__ == "__main__":
    write(Path(sys.argv[1]), *map(int, sys.argv[2:]))
