"""Writes files in the shapes of feeds from tables with the columns of own data.

``props demo --feed-files`` writes the sample league, with its results apart. The documents have the fields
that the readers use, and none that would have to be invented.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.feeds.nba_box_scores import COUNTS_LOG, COUNTS_V3
from shared.domain.instants import EASTERN
from shared.domain.team_names import team_name
from shared.embedded import sample_league
from shared.embedded.sample_league.people import TEAMS

Row = Mapping[str, Any]

CODES = ("ATL", "BKN", "CHI", "DEN", "HOU", "IND", "LAL", "MIA", "NYK", "PHX", "SAC", "TOR")
"""Codes of NBA teams for those of the sample league: files of feeds hold no other."""

ODDS_DAYS = 14
"""Days before the demo's date of which the quotes are written."""


def write_league(folder: Path) -> tuple[list[Path], list[Path]]:
    """Write the sample league as on the afternoon of the demo date to ``before``, results to ``after``."""
    day, now = sample_league.DEMO_DATE, sample_league.DEMO_NOW
    league = sample_league.generate()
    games, logs, lines, injuries = map(
        _with_nba_codes, vars(sample_league.league_before(league, day)).values()
    )
    recent = pc.greater_equal(lines["game_date"], day - timedelta(ODDS_DAYS))
    quoted = lines.filter(pc.and_(recent, pc.less_equal(lines["snapshot_time_utc"], now)))
    reports = injuries.filter(pc.equal(injuries["game_date"], day))
    before = [
        *write_schedules(games, folder / "before"),
        *write_game_logs(logs, folder / "before"),
        *write_players(logs, folder / "before"),
        *write_odds(quoted, folder / "before" / "odds"),
        *write_injury_reports(reports, games, now, folder / "before" / "injuries"),
    ]
    played, box_scores, *_ = map(_with_nba_codes, vars(sample_league.results_of(league, day)).values())
    return before, write_results(played, box_scores, folder / "after")


def _with_nba_codes(table: pa.Table) -> pa.Table:
    for name in {"home_team", "away_team", "team", "opponent"} & set(table.column_names):
        position = pc.index_in(table[name], pa.array(TEAMS))
        table = table.set_column(table.column_names.index(name), name, pa.array(CODES).take(position))
    return table


def write_schedules(games: pa.Table, folder: Path) -> list[Path]:
    """Write a file of scheduleLeagueV2 for each season."""
    paths = []
    for season, rows in _grouped(games.to_pylist(), "season").items():
        days = [
            {"gameDate": f"{day:%m/%d/%Y} 00:00:00", "games": [_game(row) for row in of_day]}
            for day, of_day in _grouped(rows, "game_date").items()
        ]
        league = {"seasonYear": season, "leagueId": "00", "gameDates": days}
        paths.append(_write(folder / f"schedule_{season}.json", {"leagueSchedule": league}))
    return paths


def _game(row: Row) -> dict[str, Any]:
    """Return a game of a schedule; like the league's, its Eastern time has a ``Z`` that is wrong."""
    start: datetime | None = row["start_time_utc"]
    day: date = row["game_date"]
    eastern = start.astimezone(EASTERN) if start else datetime.combine(day, time())
    sides = {
        f"{side}Team": {"teamTricode": row[f"{side}_team"], "score": row[f"{side}_points"] or 0}
        for side in ("home", "away")
    }
    return {
        "gameId": row["game_id"], "gameStatus": 1 if row["home_points"] is None else 3,
        "gameDateTimeEst": f"{eastern:%Y-%m-%dT%H:%M:%SZ}",
        "gameDateTimeUTC": _utc(start) if start else "", **sides,
    }  # fmt: skip


def write_game_logs(logs: pa.Table, folder: Path) -> list[Path]:
    """Write a file of leaguegamelog for each season: who played, with whole minutes."""
    headers = ["SEASON_ID", "PLAYER_ID", "PLAYER_NAME", "TEAM_ABBREVIATION", "GAME_ID", "GAME_DATE",
               "MATCHUP", "MIN", *COUNTS_LOG.values()]  # fmt: skip
    paths = []
    for season, rows in _grouped(logs.filter(logs["did_play"]).to_pylist(), "season").items():
        table = [_log_row(row) for row in rows]
        paths.append(_write_table(folder / f"leaguegamelog_{season}.json", "LeagueGameLog", headers, table))
    return paths


def _log_row(row: Row) -> list[Any]:
    matchup = f"{row['team']} {'vs.' if row['is_home'] else '@'} {row['opponent']}"
    season_id = f"{row['game_id'][2]}{row['season'][:4]}"
    counts = [row[name] for name in COUNTS_LOG]
    return [season_id, row["player_id"], row["player_name"], row["team"], row["game_id"],
            row["game_date"].isoformat(), matchup, round(row["minutes"]), *counts]  # fmt: skip


def write_players(logs: pa.Table, folder: Path) -> list[Path]:
    """Write commonallplayers: each player with his last team, his first and his last season."""
    headers = ["PERSON_ID", "DISPLAY_FIRST_LAST", "FROM_YEAR", "TO_YEAR", "TEAM_ABBREVIATION"]
    rows = []
    for player, games in sorted(_grouped(logs.sort_by("game_date").to_pylist(), "player_id").items()):
        years = [row["season"][:4] for row in games]
        rows.append([player, games[-1]["player_name"], years[0], years[-1], games[-1]["team"]])
    return [_write_table(folder / "commonallplayers.json", "CommonAllPlayers", headers, rows)]


def write_odds(lines: pa.Table, folder: Path) -> list[Path]:
    """Write the odds of each event and instant as The Odds API answers: live, or from its history.

    An instant that was asked of the history stands in the envelope, the book's own in its market.
    """
    paths = []
    for (game_id, taken_at), rows in _grouped(lines.to_pylist(), "game_id", "snapshot_time_utc").items():
        is_history = rows[0]["snapshot_precision"] == "requested"
        event = _event(rows, None if is_history else _utc(taken_at))
        document = _envelope(event, taken_at) if is_history else event
        name = f"{game_id}_{taken_at:%Y%m%dT%H%M%SZ}.json"
        paths.append(_write(folder / f"{rows[0]['game_date']}" / name, document))
    return paths


def _event(rows: list[dict[str, Any]], updated_at: str | None) -> dict[str, Any]:
    books = []
    for book, quotes in _grouped(rows, "bookmaker").items():
        outcomes = [
            {"name": side, "description": q["player_name"], "price": q[price], "point": q["line"]}
            for q in quotes
            for side, price in (("Over", "over_price"), ("Under", "under_price"))
            if q[price] is not None
        ]
        stated = {} if updated_at is None else {"last_update": updated_at}
        markets = [{"key": "player_points", **stated, "outcomes": outcomes}]
        books.append({"key": book, "title": book, "markets": markets})
    first = rows[0]
    return {
        "id": first["event_id"] or f"{int(first['game_id']):032x}", "sport_key": "basketball_nba",
        "sport_title": "NBA", "commence_time": _utc(first["commence_time_utc"]),
        "home_team": team_name(first["home_team"]), "away_team": team_name(first["away_team"]),
        "bookmakers": books,
    }  # fmt: skip


def _envelope(event: Mapping[str, Any], taken_at: datetime) -> dict[str, Any]:
    times = (_utc(taken_at + timedelta(minutes=m)) for m in (-5, 0, 5))
    return dict(zip(("previous_timestamp", "timestamp", "next_timestamp"), times, strict=True)) | {
        "data": event
    }


def write_injury_reports(injuries: pa.Table, games: pa.Table, now: datetime, folder: Path) -> list[Path]:
    """Write each report up to ``now`` as a table of nbainjuries: the latest status of every player so far."""
    by_id = {row["game_id"]: row for row in games.to_pylist()}
    known: dict[int, dict[str, Any]] = {}
    paths = []
    rows = sorted(injuries.to_pylist(), key=itemgetter("reported_at_utc"))
    for reported_at, changes in groupby(rows, itemgetter("reported_at_utc")):
        if reported_at > now:
            break
        known |= {row["player_id"]: _injury(row, by_id[row["game_id"]]) for row in changes}
        name = f"Injury-Report_{reported_at.astimezone(EASTERN):%Y-%m-%d_%I_%M%p}.json"
        paths.append(_write(folder / name, list(known.values())))
    return paths


def _injury(row: Row, game: Row) -> dict[str, Any]:
    first, _, last = row["player_name"].partition(" ")
    return {
        "Game Date": f"{row['game_date']:%m/%d/%Y}", "Team": team_name(row["team"]),
        "Game Time": f"{game['start_time_utc'].astimezone(EASTERN):%I:%M} (ET)",
        "Matchup": f"{game['away_team']}@{game['home_team']}", "Player Name": f"{last}, {first}",
        "Current Status": row["status"].capitalize(), "Reason": "Injury/Illness",
    }  # fmt: skip


def write_results(games: pa.Table, logs: pa.Table, folder: Path) -> list[Path]:
    """Write boxscoretraditionalv3 of each game of a date, and its scoreboardv3."""
    rows = games.to_pylist()
    listed = [_game(row) | {"gameTimeUTC": _utc(row["start_time_utc"])} for row in rows]
    board = {"gameDate": rows[0]["game_date"].isoformat(), "leagueId": "00", "games": listed}
    by_game = _grouped(logs.to_pylist(), "game_id")
    return [
        _write(folder / f"scoreboard_{board['gameDate']}.json", {"scoreboard": board}),
        *(_write(folder / f"boxscore_{g['game_id']}.json", _box(g, by_game[g["game_id"]])) for g in rows),
    ]


def _box(game: Row, rows: list[dict[str, Any]]) -> dict[str, Any]:
    sides = {
        f"{side}Team": {
            "teamTricode": game[f"{side}_team"],
            "players": [_player(row) for row in rows if row["team"] == game[f"{side}_team"]],
        }
        for side in ("home", "away")
    }
    return {"boxScoreTraditional": {"gameId": game["game_id"], **sides}}


def _player(row: Row) -> dict[str, Any]:
    """Return a player of a box score; like the league's, one without minutes has zeros for counts."""
    first, _, last = row["player_name"].partition(" ")
    seconds = round(row["minutes"] * 60)
    minutes = f"{seconds // 60}:{seconds % 60:02d}" if row["did_play"] else ""
    return {
        "personId": row["player_id"], "firstName": first, "familyName": last,
        "position": "F" if row["starter"] else "", "comment": row["dnp_reason"] or "",
        "statistics": {"minutes": minutes, **{theirs: row[ours] or 0 for ours, theirs in COUNTS_V3.items()}},
    }  # fmt: skip


def _grouped(rows: Iterable[dict[str, Any]], *columns: str) -> dict[Any, list[dict[str, Any]]]:
    """Return rows by the values of columns, in the order of first appearance."""
    groups: defaultdict[Any, list[dict[str, Any]]] = defaultdict(list)
    key = itemgetter(*columns)
    for row in rows:
        groups[key(row)].append(row)
    return dict(groups)


def _utc(instant: datetime) -> str:
    return f"{instant.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _write_table(path: Path, name: str, headers: list[str], rows: list[list[Any]]) -> Path:
    table = {"name": name, "headers": headers, "rowSet": rows}
    return _write(path, {"resource": name.lower(), "parameters": {}, "resultSets": [table]})


def _write(path: Path, document: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, separators=(",", ":"), ensure_ascii=False), encoding="utf-8")
    return path
