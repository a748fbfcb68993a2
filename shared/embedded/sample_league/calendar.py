"""Schedule of the sample league."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from shared.embedded.sample_league.people import TEAMS

EASTERN = ZoneInfo("America/New_York")
LAST_SEASON = 2024
DEMO_DATE = date(2025, 3, 19)
TIPOFFS = (time(19, 0), time(19, 30), time(20, 0), time(20, 30), time(21, 0), time(22, 30))
DEMO_NOW = datetime.combine(DEMO_DATE, time(17, 0), EASTERN).astimezone(UTC)
AFTER_GAMES = datetime.combine(DEMO_DATE + timedelta(days=1), time(2, 30), EASTERN).astimezone(UTC)


@dataclass(frozen=True)
class Game:
    """``home`` and ``away`` are positions in ``TEAMS``."""

    id: str
    season: int
    day: date
    tipoff: datetime
    home: int
    away: int


def games(rng: np.random.Generator, seasons: int) -> list[Game]:
    """Generate seasons of about 56 games per team; the last one ends a week after the demo's date."""
    return [game for year in range(LAST_SEASON + 1 - seasons, LAST_SEASON + 1) for game in _season(rng, year)]


def season_name(year: int) -> str:
    return f"{year}-{(year + 1) % 100:02d}"


def _season(rng: np.random.Generator, year: int) -> list[Game]:
    day, last = date(year, 10, 24), date(year + 1, 4, 10)
    if year == LAST_SEASON:
        last = DEMO_DATE + timedelta(days=7)
    season_games: list[Game] = []
    while day <= last:
        size = 6 if day == DEMO_DATE else int(rng.choice([0, 1, 2, 3, 4], p=[0.12, 0.2, 0.3, 0.25, 0.13]))
        order = rng.permutation(len(TEAMS))
        for i in range(size):
            tipoff = datetime.combine(day, TIPOFFS[i], EASTERN).astimezone(UTC)
            number = f"002{year % 100:02d}{len(season_games) + 1:05d}"
            season_games.append(Game(number, year, day, tipoff, int(order[2 * i]), int(order[2 * i + 1])))
        day += timedelta(days=1)
    return season_games
