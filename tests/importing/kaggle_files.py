"""Rows of Kaggle's PlayerStatistics and LeagueSchedule, with the columns that they publish."""

from __future__ import annotations

from typing import Any

from shared.application.feeds.raw_file import RawFile

STATISTICS: dict[str, Any] = {
    "firstName": "LeBron", "lastName": "James", "personId": 2544, "gameId": 22500514,
    "gameDateTimeEst": "2026-01-06 15:00:00", "playerteamCity": "Los Angeles", "playerteamName": "Lakers",
    "opponentteamCity": "New Orleans", "opponentteamName": "Pelicans", "gameType": "Regular Season", "win": 1,
    "home": 0, "numMinutes": 33.09, "points": 30.0, "assists": 8.0, "blocks": 1.0, "steals": 2.0,
    "fieldGoalsAttempted": 19.0, "fieldGoalsMade": 10.0, "threePointersAttempted": 5.0, "threePointersMade": 3.0,
    "freeThrowsAttempted": 7.0, "freeThrowsMade": 7.0, "reboundsDefensive": 8.0, "reboundsOffensive": 0.0,
    "reboundsTotal": 8.0, "foulsPersonal": 2.0, "turnovers": 1.0, "plusMinusPoints": -10.0,
}  # fmt: skip
SCHEDULE: dict[str, Any] = {
    "gameId": 22400974, "gameDateTimeEst": "2025-03-15 20:30:00+00:00", "gameDay": "Sat",
    "hometeamId": 1610612744, "awayteamId": 1610612752,
}  # fmt: skip


def csv(*rows: dict[str, Any]) -> RawFile:
    lines = [",".join(rows[0]), *(",".join("" if v is None else str(v) for v in r.values()) for r in rows)]
    return RawFile("data.csv", "\n".join(lines).encode())
