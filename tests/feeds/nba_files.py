"""Responses of NBA.com in their documented shapes, with the fields that are read and some that are not.

Version 3 and scoreboards: as the sample files show them. scheduleLeagueV2, game logs, box scores and
scoreboards of version 2 and playerindex: the field and column names in the documentation of ``nba_api``.
"""

from __future__ import annotations

import json
from typing import Any

from shared.application.feeds.raw_file import RawFile


def raw(document: Any, name: str = "response.json") -> RawFile:
    return RawFile(name, json.dumps(document).encode())


def team(code: str, score: int = 0, **other: Any) -> dict[str, Any]:
    return {"teamId": 1, "teamCity": "", "teamName": "", "teamTricode": code, "score": score} | other


def game(game_id: str = "0022400974", **other: Any) -> dict[str, Any]:
    """A finished game of scheduleLeagueV2: the Eastern time has a false Z."""
    return {
        "gameId": game_id, "gameStatus": 3, "gameDateEst": "2025-03-15T00:00:00Z",
        "gameTimeEst": "1900-01-01T20:30:00Z", "gameDateTimeEst": "2025-03-15T20:30:00Z",
        "gameDateUTC": "2025-03-15T04:00:00Z", "gameDateTimeUTC": "2025-03-16T00:30:00Z",
        "postponedStatus": "A", "isNeutral": False, "homeTeam": team("GSW", 97), "awayTeam": team("NYK", 94),
    } | other  # fmt: skip


def schedule(*games: dict[str, Any]) -> RawFile:
    days = [{"gameDate": "03/15/2025 00:00:00", "games": [g]} for g in games]
    return raw({"meta": {}, "leagueSchedule": {"seasonYear": "2024-25", "leagueId": "00", "gameDates": days}})


STATISTICS = {
    "minutes": "30:49", "fieldGoalsMade": 6, "fieldGoalsAttempted": 12, "fieldGoalsPercentage": 0.5,
    "threePointersMade": 0, "threePointersAttempted": 2, "freeThrowsMade": 1, "freeThrowsAttempted": 1,
    "reboundsOffensive": 0, "reboundsDefensive": 8, "reboundsTotal": 8, "assists": 4, "steals": 0, "blocks": 2,
    "turnovers": 2, "foulsPersonal": 3, "points": 13, "plusMinusPoints": 17.0,
}  # fmt: skip


def player(person_id: int, name: str, position: str = "", **statistics: Any) -> dict[str, Any]:
    first, _, last = name.partition(" ")
    return {
        "personId": person_id, "firstName": first, "familyName": last, "position": position, "comment": "",
        "statistics": STATISTICS | statistics,
    }  # fmt: skip


def absent(person_id: int, name: str, comment: str) -> dict[str, Any]:
    """A player who did not play: version 3 has zeros for him."""
    return player(person_id, name, **dict.fromkeys(STATISTICS, 0) | {"minutes": ""}) | {"comment": comment}


def box(*players: dict[str, Any], game_id: str = "0022400974", kind: str = "boxScoreTraditional") -> RawFile:
    home = {"teamTricode": "GSW", "players": list(players)}
    away = {"teamTricode": "NYK", "players": []}
    return raw({"meta": {}, kind: {"gameId": game_id, "homeTeam": home, "awayTeam": away}})


def table(name: str, columns: list[str], *rows: list[Any]) -> dict[str, Any]:
    return {"name": name, "headers": columns, "rowSet": list(rows)}


LOG = [
    "SEASON_ID", "PLAYER_ID", "PLAYER_NAME", "TEAM_ID", "TEAM_ABBREVIATION", "TEAM_NAME", "GAME_ID",
    "GAME_DATE", "MATCHUP", "WL", "MIN", "FGM", "FGA", "FG_PCT", "FG3M", "FG3A", "FG3_PCT", "FTM", "FTA",
    "FT_PCT", "OREB", "DREB", "REB", "AST", "STL", "BLK", "TOV", "PF", "PTS", "PLUS_MINUS", "VIDEO_AVAILABLE",
]  # fmt: skip
CURRY = [
    "22024", 201939, "Stephen Curry", 1610612744, "GSW", "Golden State Warriors", "0022400974", "2025-03-15",
    "GSW vs. NYK", "W", 35, 8, 20, 0.4, 4, 13, 0.308, 8, 9, 0.889, 0, 3, 3, 7, 1, 0, 3, 2, 28, -5, 1,
]  # fmt: skip
ZERO_MINUTES = [
    "22024", 1641748, "Andre Jackson Jr.", 1610612749, "MIL", "Milwaukee Bucks", "0022400972", "2025-03-15",
    "MIL vs. IND", "W", 0, 0, 0, None, 0, 0, None, 0, 0, None, 0, 0, 0, 0, 0, 0, 0, 1, 0, -2, 1,
]  # fmt: skip


def log(*rows: list[Any], name: str = "LeagueGameLog", columns: list[str] | None = None) -> RawFile:
    return raw(
        {"resource": "leaguegamelog", "parameters": {}, "resultSets": [table(name, columns or LOG, *rows)]}
    )


BOX_V2 = [
    "GAME_ID", "TEAM_ID", "TEAM_ABBREVIATION", "TEAM_CITY", "PLAYER_ID", "PLAYER_NAME", "NICKNAME",
    "START_POSITION", "COMMENT", "MIN", "FGM", "FGA", "FG_PCT", "FG3M", "FG3A", "FG3_PCT", "FTM", "FTA",
    "FT_PCT", "OREB", "DREB", "REB", "AST", "STL", "BLK", "TO", "PF", "PTS", "PLUS_MINUS",
]  # fmt: skip
HART = [
    "0022400561", 1610612752, "NYK", "New York", 1628404, "Josh Hart", "Josh", "F", "", "49:25", 3, 8, 0.375, 1,
    4, 0.25, 3, 4, 0.75, 5, 6, 11, 5, 1, 0, 3, 2, 10, 4.0,
]  # fmt: skip
DRUMMOND = [
    "0022400561", 1610612755, "PHI", "Philadelphia", 203083, "Andre Drummond", "Andre", "",
    "DND - Injury/Illness                    ", *[None] * 20,
]  # fmt: skip


def box_v2(*rows: list[Any]) -> RawFile:
    return raw(
        {"resultSets": [table("PlayerStats", BOX_V2, *rows), table("TeamStats", ["GAME_ID"], ["0022400561"])]}
    )
