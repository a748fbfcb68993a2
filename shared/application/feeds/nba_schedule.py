"""Schedules and scoreboards of NBA.com.

Fields that end in ``Est`` or are called ``gameEt`` are US Eastern with a ``Z`` that is wrong; only fields
that end in ``UTC`` are instants.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.application.feeds.nba_tables import columns_of, game_id_of, integer, records, result_sets
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import Feed, FeedNote, FeedRows, RowKind, feed_table
from shared.domain.nba_game_ids import kind_of, season_of
from shared.domain.season_types import COUNTED

EASTERN = ZoneInfo("America/New_York")
FINAL = 3
"""``gameStatus`` of a game that is over; before, a score of 0 means none."""

POSTPONED = ("Y",)

LEFT_OUT = "games of the pre-season or the All-Star weekend, which are not imported"
NO_TEAMS = "games whose teams are not known yet"
WAS_POSTPONED = "postponed games, which have no date"


def _games(raw: RawFile) -> list[tuple[dict[str, Any], str]]:
    """Return the games of a schedule or scoreboard with the date that each list states."""
    document = raw.json
    if "leagueSchedule" in raw.keys:
        days = _field(document["leagueSchedule"], "gameDates", raw)
        return [
            (game, _field(game, "gameDateTimeEst", raw)) for day in days for game in _field(day, "games", raw)
        ]
    board = document["scoreboard"]
    day = _field(board, "gameDate", raw)
    return [(game, day) for game in _field(board, "games", raw)]


def _field(item: dict[str, Any], name: str, raw: RawFile) -> Any:
    if not isinstance(item, dict) or name not in item:
        where = f"game {item.get('gameId')}" if isinstance(item, dict) and "gameId" in item else ""
        raise FeedError(raw.name, f"no field {name}", f"a field {name} in each entry", where)
    return item[name]


def _read(raw: RawFile) -> FeedRows:
    """Return a row for each game whose teams are known."""
    rows: list[dict[str, Any]] = []
    left_out: Counter[str] = Counter()
    example: dict[str, str] = {}
    for game, day_text in _games(raw):
        game_id = game_id_of(_field(game, "gameId", raw), raw.name)
        reason = _reason_to_leave_out(game, game_id, raw)
        if reason is not None:
            left_out[reason] += 1
            example.setdefault(reason, game_id)
            continue
        rows.append(_row(game, game_id, day_text, raw))
    notes = tuple(FeedNote(reason, n, example[reason]) for reason, n in left_out.items())
    if not rows:
        return FeedRows({}, (*notes, FeedNote("no game to import", 0)))
    return FeedRows({RowKind.GAMES: feed_table(RowKind.GAMES, columns_of(rows))}, notes)


def _reason_to_leave_out(game: dict[str, Any], game_id: str, raw: RawFile) -> str | None:
    if kind_of(game_id) not in COUNTED:
        return LEFT_OUT
    codes = [_field(_field(game, side, raw), "teamTricode", raw) for side in ("homeTeam", "awayTeam")]
    if not all(codes):
        return NO_TEAMS
    return WAS_POSTPONED if game.get("postponedStatus") in POSTPONED else None


def _row(game: dict[str, Any], game_id: str, day_text: str, raw: RawFile) -> dict[str, Any]:
    start = _instant(game, raw, game_id)
    day = _date(day_text, raw, game_id)
    if start is not None and start.astimezone(EASTERN).date() != day:
        eastern = start.astimezone(EASTERN).date()
        came = f"date {day} and start {start:%Y-%m-%dT%H:%MZ}, which is on {eastern} US Eastern"
        raise FeedError(raw.name, came, "one date", f"game {game_id}")
    status = integer(_field(game, "gameStatus", raw), raw.name, f"gameStatus of game {game_id}")
    sides = (_field(game, "homeTeam", raw), _field(game, "awayTeam", raw))
    scores = [
        integer(s.get("score"), raw.name, f"score of game {game_id}") if status == FINAL else None
        for s in sides
    ]
    return {
        "game_id": game_id, "season": season_of(game_id), "season_type": kind_of(game_id), "game_date": day,
        "start_time_utc": start, "home_team": sides[0]["teamTricode"], "away_team": sides[1]["teamTricode"],
        "home_points": scores[0], "away_points": scores[1],
    }  # fmt: skip


def _instant(game: dict[str, Any], raw: RawFile, game_id: str) -> datetime | None:
    text = game.get("gameDateTimeUTC", game.get("gameTimeUTC"))
    if text is None:
        raise FeedError(raw.name, "no field gameDateTimeUTC or gameTimeUTC", "one of them", f"game {game_id}")
    if not text or str(text).startswith("1900"):  # a time that is not set
        return None
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError as exc:
        raise FeedError(raw.name, f"start {text!r}", "an ISO 8601 time in UTC", f"game {game_id}") from exc
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)


def _date(text: object, raw: RawFile, game_id: str) -> date:
    try:
        return date.fromisoformat(str(text)[:10])
    except ValueError as exc:
        raise FeedError(raw.name, f"date {text!r}", "YYYY-MM-DD", f"game {game_id}") from exc


def _is_schedule(raw: RawFile) -> bool:
    return "leagueSchedule" in raw.keys


def _is_scoreboard(raw: RawFile) -> bool:
    return "scoreboard" in raw.keys and isinstance(raw.json["scoreboard"], dict)


_HEADER = ("GAME_ID", "GAME_DATE_EST", "GAME_STATUS_ID", "HOME_TEAM_ID", "VISITOR_TEAM_ID")
_LINES = ("GAME_ID", "TEAM_ID", "TEAM_ABBREVIATION", "PTS")


def _is_scoreboard_v2(raw: RawFile) -> bool:
    return raw.is_json and {"GameHeader", "LineScore"} <= result_sets(raw).keys()


def _read_scoreboard_v2(raw: RawFile) -> FeedRows:
    """Return games without a start time, which this table does not state as an instant."""
    teams = {(row["GAME_ID"], row["TEAM_ID"]): row for row in records(raw, ("LineScore",), _LINES)}
    rows = []
    left_out = 0
    for header in records(raw, ("GameHeader",), _HEADER):
        game_id = game_id_of(header["GAME_ID"], raw.name)
        if kind_of(game_id) not in COUNTED:
            left_out += 1
            continue
        sides = [teams.get((header["GAME_ID"], header[f"{side}_TEAM_ID"])) for side in ("HOME", "VISITOR")]
        if sides[0] is None or sides[1] is None:
            raise FeedError(
                raw.name, "no line score of both teams", "two rows of LineScore", f"game {game_id}"
            )
        is_final = integer(header["GAME_STATUS_ID"], raw.name, f"status of game {game_id}") == FINAL
        points = [
            integer(s["PTS"], raw.name, f"PTS of game {game_id}") if is_final and s else None for s in sides
        ]
        rows.append({
            "game_id": game_id, "season": season_of(game_id), "season_type": kind_of(game_id),
            "game_date": _date(header["GAME_DATE_EST"], raw, game_id), "home_points": points[0],
            "away_points": points[1], "home_team": sides[0]["TEAM_ABBREVIATION"],
            "away_team": sides[1]["TEAM_ABBREVIATION"],
        })  # fmt: skip
    notes = (FeedNote(LEFT_OUT, left_out),) if left_out else ()
    return FeedRows({RowKind.GAMES: feed_table(RowKind.GAMES, columns_of(rows))} if rows else {}, notes)


FEEDS: tuple[Feed, ...] = (
    Feed("nba-schedule", "schedule of a season, scheduleLeagueV2 (JSON)", _is_schedule, _read),
    Feed("nba-scoreboard", "scoreboard of a day, scoreboardv3 or live (JSON)", _is_scoreboard, _read),
    Feed(
        "nba-scoreboard-v2",
        "scoreboard of a day, scoreboardv2 (JSON)",
        _is_scoreboard_v2,
        _read_scoreboard_v2,
    ),
)
