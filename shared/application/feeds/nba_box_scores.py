"""Box scores and game logs of NBA.com.

In a box score of version 3 a player who did not play has zeros, in version 2 nulls. Every row of a game log
played, with ``MIN`` 0 too: its minutes are whole.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from shared.application.feeds.nba_tables import columns_of, game_id_of, headers_of, integer, records, required
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import Feed, FeedNote, FeedRows, RowKind, feed_table
from shared.domain.nba_game_ids import kind_of, season_of
from shared.domain.season_types import COUNTED

COUNTS_V3 = {
    "points": "points", "fgm": "fieldGoalsMade", "fga": "fieldGoalsAttempted", "fg3m": "threePointersMade",
    "fg3a": "threePointersAttempted", "ftm": "freeThrowsMade", "fta": "freeThrowsAttempted",
    "oreb": "reboundsOffensive", "dreb": "reboundsDefensive", "reb": "reboundsTotal", "ast": "assists",
    "stl": "steals", "blk": "blocks", "tov": "turnovers", "pf": "foulsPersonal",
    "plus_minus": "plusMinusPoints",
}  # fmt: skip
COUNTS_V2 = {
    "points": "PTS", "fgm": "FGM", "fga": "FGA", "fg3m": "FG3M", "fg3a": "FG3A", "ftm": "FTM", "fta": "FTA",
    "oreb": "OREB", "dreb": "DREB", "reb": "REB", "ast": "AST", "stl": "STL", "blk": "BLK", "tov": "TO",
    "pf": "PF", "plus_minus": "PLUS_MINUS",
}  # fmt: skip
COUNTS_LOG = COUNTS_V2 | {"tov": "TOV"}
"""Columns by ours; turnovers are ``TO`` in a box score and ``TOV`` in a log."""

LEFT_OUT = "rows of pre-season or All-Star games, which are not imported"

_CLOCK = re.compile(r"(?:PT)?(\d+)[:M](\d+(?:\.\d+)?)S?")


def minutes_of(text: object, file: str, place: str) -> float:
    """Return minutes of ``30:49``, of ``PT25M01.00S`` or of a number, which NBA.com writes as a decimal."""
    match = _CLOCK.fullmatch(str(text))
    if match is not None and float(match[2]) < 60:
        return int(match[1]) + float(match[2]) / 60
    try:
        number = float(str(text))
    except ValueError:
        number = -1.0
    if not 0 <= number < 100:
        raise FeedError(file, f"minutes {text!r}", "30:49, PT30M49.00S or a number", place)
    return number


class Box:
    """Rows of one file; ``place`` of an error is the player and the game."""

    def __init__(self, raw: RawFile) -> None:
        self.file = raw.name
        self.rows: list[dict[str, Any]] = []
        self._left_out: list[str] = []

    def counts(self, values: Mapping[str, Any], columns: Mapping[str, str], place: str) -> dict[str, int]:
        return {
            ours: required(
                integer(_get(values, theirs, self.file, place), self.file, f"{theirs} of {place}"),
                self.file, f"{theirs} of {place}",
            )
            for ours, theirs in columns.items()
        }  # fmt: skip

    def is_counted(self, game_id: str) -> bool:
        """Whether the game is imported; otherwise count a row that is left out."""
        counted = kind_of(game_id) in COUNTED
        if not counted:
            self._left_out.append(game_id)
        return counted

    def result(self) -> FeedRows:
        notes = (FeedNote(LEFT_OUT, len(self._left_out), self._left_out[0]),) if self._left_out else ()
        if not self.rows:
            return FeedRows({}, notes or (FeedNote("no row of a player", 0),))
        return FeedRows({RowKind.BOX_SCORES: feed_table(RowKind.BOX_SCORES, columns_of(self.rows))}, notes)


def _get(values: Mapping[str, Any], name: str, file: str, place: str) -> Any:
    if name not in values:
        raise FeedError(file, f"no field {name}", f"the fields {', '.join(values) or 'of a player'}", place)
    return values[name]


NOTHING: dict[str, None] = dict.fromkeys(COUNTS_V3)
"""Counts of a player who did not play."""


def _read_v3(raw: RawFile) -> FeedRows:
    """Read a traditional, usage or advanced box score of version 3."""
    (key,) = raw.keys & _BODIES
    body = raw.json[key]
    box = Box(raw)
    game_id = game_id_of(_get(body, "gameId", raw.name, key), raw.name)
    if not box.is_counted(game_id):
        return box.result()
    teams = [_get(body, side, raw.name, key) for side in ("homeTeam", "awayTeam")]
    codes = [_get(t, "teamTricode", raw.name, key) for t in teams]
    for side, team in enumerate(teams):
        for player in _get(team, "players", raw.name, key):
            place = f"player {player.get('personId')} in game {game_id}"
            statistics = _get(player, "statistics", raw.name, place)
            played = _get(statistics, "minutes", raw.name, place) not in ("", None)
            identity = {
                "game_id": game_id, "season": season_of(game_id),
                "player_id": integer(_get(player, "personId", raw.name, place), raw.name, place),
                "player_name": f"{player.get('firstName', '')} {player.get('familyName', '')}".strip(),
                "team": codes[side], "opponent": codes[1 - side], "is_home": side == 0, "did_play": played,
            }  # fmt: skip
            box.rows.append(identity | _values_v3(key, player, statistics, played, box, place))
    return box.result()


def _values_v3(
    key: str, player: Mapping[str, Any], statistics: Mapping[str, Any], played: bool, box: Box, place: str
) -> dict[str, Any]:
    if key in _RATES:
        values = {c: _get(statistics, f, box.file, place) if played else None for c, f in _RATES[key].items()}
        return {c: None if v is None else float(v) for c, v in values.items()}
    return {
        "starter": bool(_get(player, "position", box.file, place)),
        "dnp_reason": None if played else player.get("comment") or None,
        "minutes": minutes_of(statistics["minutes"], box.file, place) if played else 0.0,
        **(box.counts(statistics, COUNTS_V3, place) if played else NOTHING),
    }


_RATES = {
    "boxScoreUsage": {"usage_pct": "usagePercentage"},
    "boxScoreAdvanced": {
        "usage_pct": "usagePercentage", "off_rating": "offensiveRating", "def_rating": "defensiveRating",
    },
}  # fmt: skip
"""Fields of the box scores that state rates only. They are 0.0 for a player who did not play."""

_BODIES = frozenset({"boxScoreTraditional", *_RATES})


def _read_live(raw: RawFile) -> FeedRows:
    """Read a live box score; its ``gameEt`` has the offset of US Eastern."""
    game = raw.json["game"]
    box = Box(raw)
    game_id = game_id_of(game["gameId"], raw.name)
    if not box.is_counted(game_id):
        return box.result()
    if integer(_get(game, "gameStatus", raw.name, "game"), raw.name, "gameStatus") != 3:
        return FeedRows({}, (FeedNote("the game is not over", 0, game_id),))
    day = datetime.fromisoformat(str(_get(game, "gameEt", raw.name, "game"))).date()
    teams = [_get(game, side, raw.name, "game") for side in ("homeTeam", "awayTeam")]
    codes = [_get(t, "teamTricode", raw.name, "team") for t in teams]
    for side, team in enumerate(teams):
        for player in _get(team, "players", raw.name, "team"):
            place = f"player {player.get('personId')} in game {game_id}"
            statistics = _get(player, "statistics", raw.name, place)
            played = _get(player, "played", raw.name, place) == "1"
            box.rows.append({
                "game_id": game_id, "season": season_of(game_id), "game_date": day,
                "player_id": integer(_get(player, "personId", raw.name, place), raw.name, place),
                "player_name": _get(player, "name", raw.name, place), "team": codes[side],
                "opponent": codes[1 - side], "is_home": side == 0, "did_play": played,
                "starter": _get(player, "starter", raw.name, place) == "1",
                "dnp_reason": None if played else player.get("notPlayingReason"),
                "minutes": minutes_of(statistics["minutes"], raw.name, place) if played else 0.0,
                **(box.counts(statistics, COUNTS_V3, place) if played else NOTHING),
            })  # fmt: skip
    return box.result()


_BOX_V2 = ("PlayerStats",)
_COLUMNS_V2 = ("GAME_ID", "TEAM_ABBREVIATION", "PLAYER_ID", "PLAYER_NAME", "START_POSITION", "COMMENT", "MIN")


def _read_v2(raw: RawFile) -> FeedRows:
    """Read a box score of version 2, which states neither date nor side."""
    box = Box(raw)
    for row in records(raw, _BOX_V2, (*_COLUMNS_V2, *COUNTS_V2.values())):
        game_id = game_id_of(row["GAME_ID"], raw.name)
        if not box.is_counted(game_id):
            continue
        place = f"player {row['PLAYER_ID']} in game {game_id}"
        played = row["MIN"] not in (None, "")
        box.rows.append({
            "game_id": game_id, "season": season_of(game_id),
            "player_id": integer(row["PLAYER_ID"], raw.name, place), "player_name": row["PLAYER_NAME"],
            "team": row["TEAM_ABBREVIATION"], "did_play": played, "starter": bool(row["START_POSITION"]),
            "dnp_reason": None if played else (row["COMMENT"] or "").strip() or None,
            "minutes": minutes_of(_without_zero_decimals(row["MIN"]), raw.name, place) if played else 0.0,
            **(box.counts(row, COUNTS_V2, place) if played else NOTHING),
        })  # fmt: skip
    return box.result()


def _without_zero_decimals(text: object) -> str:
    """``30.000000:49`` of newer responses is ``30:49``."""
    return re.sub(r"\.0+:", ":", str(text))


_LOGS = ("LeagueGameLog", "PlayerGameLogs", "PlayerGameLog")


def _game_id_column(columns: frozenset[str]) -> str:
    return "Game_ID" if "Game_ID" in columns else "GAME_ID"


def _is_log(raw: RawFile) -> bool:
    columns = headers_of(raw, _LOGS)
    named = {"PLAYER_ID", "Player_ID"} & columns
    return bool(named) and {"MATCHUP", "GAME_DATE", "MIN", "PTS"} <= columns


def _read_log(raw: RawFile) -> FeedRows:
    """Read a game log of players: of a league, or of one player, who has no name in it."""
    header = headers_of(raw, _LOGS)
    id_column = _game_id_column(header)
    player_column = "Player_ID" if "Player_ID" in header else "PLAYER_ID"
    box = Box(raw)
    for row in records(
        raw, _LOGS, (id_column, player_column, "GAME_DATE", "MATCHUP", "MIN", *COUNTS_LOG.values())
    ):
        game_id = game_id_of(row[id_column], raw.name)
        if not box.is_counted(game_id):
            continue
        player = integer(row[player_column], raw.name, f"player of game {game_id}")
        place = f"player {player} in game {game_id}"
        _check_season(row.get("SEASON_ID"), game_id, raw)
        team, opponent, is_home = _teams(row["MATCHUP"], raw.name, place)
        named = {"player_name": row["PLAYER_NAME"]} if "PLAYER_NAME" in header else {}
        box.rows.append({
            "game_id": game_id, "season": season_of(game_id),
            "game_date": _day(row["GAME_DATE"], raw.name, place), "player_id": player, **named,
            "team": team, "opponent": opponent, "is_home": is_home, "did_play": True,
            "minutes": minutes_of(row["MIN"], raw.name, place),
            **box.counts(row, COUNTS_LOG, place),
        })  # fmt: skip
    return box.result()


def _check_season(season_id: object, game_id: str, raw: RawFile) -> None:
    """``22024`` is kind 2 of the season 2024-25; refuse a log whose two ids contradict each other."""
    if season_id is None or season_id == "":
        return
    text = str(season_id)
    if text[-4:] != season_of(game_id)[:4]:
        raise FeedError(raw.name, f"SEASON_ID {text} and GAME_ID {game_id}", "one season", f"game {game_id}")


_MATCHUP = re.compile(r"([A-Z]{3}) (vs\.|@) ([A-Z]{3})")


def _teams(matchup: object, file: str, place: str) -> tuple[str, str, bool]:
    match = _MATCHUP.fullmatch(str(matchup).strip())
    if match is None:
        raise FeedError(file, f"MATCHUP {matchup!r}", "GSW vs. NYK or IND @ MIL", place)
    return match[1], match[3], match[2] == "vs."


def _day(text: object, file: str, place: str) -> date:
    """``2025-03-15``, with or without a time, or ``MAR 15, 2025``."""
    words = str(text).strip()
    match = _LONG_DATE.fullmatch(words)
    iso = f"{match[3]}-{_MONTHS[match[1].upper()]:02d}-{int(match[2]):02d}" if match else words[:10]
    try:
        return date.fromisoformat(iso)
    except ValueError as exc:
        raise FeedError(file, f"GAME_DATE {text!r}", "2025-03-15 or MAR 15, 2025", place) from exc


_MONTH_NAMES = (
    "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
)  # fmt: skip
_MONTHS = {m: i for i, m in enumerate(_MONTH_NAMES, 1)}
_LONG_DATE = re.compile(rf"({'|'.join(_MONTHS)}) (\d{{1,2}}), (\d{{4}})", re.IGNORECASE)


def _is_v3(raw: RawFile) -> bool:
    return len(raw.keys & _BODIES) == 1


def _is_live(raw: RawFile) -> bool:
    return (
        "game" in raw.keys
        and isinstance(raw.json["game"], dict)
        and {"gameId", "homeTeam"} <= raw.json["game"].keys()
    )


def _is_v2(raw: RawFile) -> bool:
    return {"START_POSITION", "COMMENT", "MIN", "TO"} <= headers_of(raw, _BOX_V2)


FEEDS: tuple[Feed, ...] = (
    Feed("nba-box-score", "box score, version 3: traditional, usage or advanced (JSON)", _is_v3, _read_v3),
    Feed("nba-box-score-v2", "box score, version 2 (JSON, or its table as CSV or Parquet)", _is_v2, _read_v2),
    Feed("nba-live-box-score", "live box score of a game that is over (JSON)", _is_live, _read_live),
    Feed(
        "nba-game-log",
        "game log of a league or a player (JSON, or its table as CSV or Parquet)",
        _is_log,
        _read_log,
    ),
)
