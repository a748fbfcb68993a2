"""Rows of a feed with the teams and the game of the schedule, in the columns of the files of a load.

A row whose game the schedule does not have is left out with a note; a team that no table knows is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.feeds.raw_file import FeedError
from shared.application.feeds.rows import RowKind
from shared.application.importing.games import GameFinder, RowGames, games_of_rows
from shared.application.ingestion.problems import Note
from shared.application.ingestion.schedule import Game
from shared.domain.findings import Severity
from shared.warehouse.history import with_column

PlayerIds = Mapping[tuple[str, str], int]
"""NBA.com player ids by id space and the id there."""

NO_GAME = "their game is not in the schedule; import the schedule first"


@dataclass(frozen=True)
class Origin:
    """The file of rows and its feed; ``id_space`` names the source of its player ids."""

    file: str
    feed: str
    id_space: str = ""


@dataclass(frozen=True)
class Resolved:
    """Rows with a game, and notes on those without one."""

    rows: pa.Table
    notes: tuple[Note, ...] = ()


def resolve(
    kind: RowKind, rows: pa.Table, origin: Origin, finder: GameFinder, player_ids: PlayerIds
) -> Resolved:
    """Return ``rows`` in the columns of the file of a load that holds rows of this kind."""
    rows = _with_player_ids(rows, origin, player_ids)
    return _RESOLVERS[kind](rows, origin, finder)


def _with_player_ids(rows: pa.Table, origin: Origin, player_ids: PlayerIds) -> pa.Table:
    """Replace the source's player ids by NBA.com's where an alias gives it."""
    if "source_player_id" not in rows.column_names:
        return rows
    coded = pc.dictionary_encode(rows["source_player_id"]).combine_chunks()
    ids = [player_ids.get((origin.id_space, word)) for word in coded.dictionary.to_pylist()]
    found: pa.Array | pa.ChunkedArray = pa.array(ids, pa.int64()).take(coded.indices)
    if "player_id" in rows.column_names:
        found = pc.coalesce(rows["player_id"], found)
    return with_column(rows, "player_id", found).drop_columns(["source_player_id"])


def _resolve_games(rows: pa.Table, origin: Origin, finder: GameFinder) -> Resolved:
    """Return games with codes of teams; without an id, the id of the stored game of the date and teams."""
    ids, days, home, away = (_values(rows, c) for c in ("game_id", "game_date", "home_team", "away_team"))
    for i in range(rows.num_rows):
        if ids[i] is None:
            game = finder.by_teams(days[i], home[i], away[i])
            if game is not None:
                ids[i], home[i], away[i] = game.source_id, game.home, game.away
        codes = [finder.teams(text, days[i]) for text in (home[i], away[i])]
        if all(len(c) == 1 for c in codes):
            home[i], away[i] = (c[0] for c in codes)
    _raise_unknown_teams(origin, finder)
    for name, values in {"game_id": ids, "home_team": home, "away_team": away}.items():
        rows = with_column(rows, name, pa.array(values, pa.string()))
    return _kept(rows, pc.is_valid(rows["game_id"]), origin, ("game_date", "away_team", "home_team"), rows)


def _resolve_box_scores(rows: pa.Table, origin: Origin, finder: GameFinder) -> Resolved:
    """Return box scores with game, season, teams and side; the season type belongs to the schedule."""
    found = games_of_rows(rows, ("team", "opponent"), finder, ("team", "game_id"))
    teams = [_team_of(g, w[0], finder) for g, w in zip(found.games, found.words, strict=True)]
    _raise_unknown_teams(origin, finder)
    for game, team, (text, source_id) in zip(found.games, teams, found.words, strict=True):
        if game is not None and team is None:
            raise FeedError(
                origin.file, f"team {text} in game {source_id or game.game_id}", f"{game.away} or {game.home}"
            )
    fields: Mapping[str, _Field] = {
        "team": (pa.string(), lambda _, team: team),
        "opponent": (pa.string(), lambda g, team: g.home if team == g.away else g.away),
        "season": (pa.string(), lambda g, _: g.season),
        "is_home": (pa.bool_(), lambda g, team: team == g.home),
        "game_id": (pa.string(), lambda g, _: g.source_id),
    }
    shown = ("game_id", "game_date", "team", "opponent")
    return _kept(_with_games(rows, found, fields, origin, teams), _has_game(found), origin, shown, rows)


def _team_of(game: Game | None, text: str | None, finder: GameFinder) -> str | None:
    """Return the team of the game that ``text`` means, None for no game or another team."""
    if game is None:
        return None
    codes = set(finder.teams(text, game.day)) & game.teams
    return codes.pop() if len(codes) == 1 else None


def _resolve_quotes(rows: pa.Table, origin: Origin, finder: GameFinder) -> Resolved:
    found = games_of_rows(rows, ("home_team", "away_team"), finder, ("player_team",))
    teams = [_team_of(g, w[0], finder) for g, w in zip(found.games, found.words, strict=True)]
    _raise_unknown_teams(origin, finder)
    fields: Mapping[str, _Field] = {
        "home_team": (pa.string(), lambda g, _: g.home),
        "away_team": (pa.string(), lambda g, _: g.away),
        "game_id": (pa.string(), lambda g, _: g.source_id),
        "team": (pa.string(), lambda _, team: team),
    }
    shown = ("game_date", "away_team", "home_team")
    return _kept(_with_games(rows, found, fields, origin, teams), _has_game(found), origin, shown, rows)


def _resolve_injuries(rows: pa.Table, origin: Origin, finder: GameFinder) -> Resolved:
    found = games_of_rows(rows, ("home_team", "away_team"), finder, ("team",))
    teams = [_team_of(g, w[0], finder) for g, w in zip(found.games, found.words, strict=True)]
    _raise_unknown_teams(origin, finder)
    fields: Mapping[str, _Field] = {
        "game_id": (pa.string(), lambda g, _: g.source_id),
        "team": (pa.string(), lambda _, team: team),
    }
    is_kept = pc.and_(_has_game(found), pc.is_valid(pa.array(teams, pa.string()).take(found.group)))
    shown = ("game_date", "away_team", "home_team", "team")
    return _kept(_with_games(rows, found, fields, origin, teams), is_kept, origin, shown, rows)


_Field = tuple[pa.DataType, Callable[[Game, str | None], object]]


def _with_games(
    rows: pa.Table,
    found: RowGames,
    fields: Mapping[str, _Field],
    origin: Origin,
    teams: Sequence[str | None],
) -> pa.Table:
    """Replace columns of each row by values of its game; the date is always the schedule's."""
    date_field: _Field = (pa.date32(), lambda g, _: g.day)
    for name, (kind, value) in {"game_date": date_field, **fields}.items():
        values = [None if g is None else value(g, t) for g, t in zip(found.games, teams, strict=True)]
        rows = with_column(rows, name, pa.array(values, kind).take(found.group))
    unread = [c for c in _NOT_LOADED if c in rows.column_names]
    return with_column(rows.drop_columns(unread), "source", pa.repeat(origin.feed, rows.num_rows))


_NOT_LOADED = ("player_team", "days_later", "event_id", "season_type")
"""Columns of a feed that only served to find the game."""


def _has_game(found: RowGames) -> pa.Array:
    return pa.array([g is not None for g in found.games], pa.bool_()).take(found.group)


def _kept(
    rows: pa.Table,
    is_kept: pa.Array,
    origin: Origin,
    columns: Sequence[str],
    unresolved: pa.Table | None = None,
) -> Resolved:
    """Return the rows to keep, and a note with the source's words of the first that is left out."""
    notes = _left_out(origin, unresolved, is_kept, columns)
    return Resolved(rows.filter(is_kept) if notes else rows, notes)


def _left_out(origin: Origin, rows: pa.Table, is_kept: pa.Array, columns: Sequence[str]) -> tuple[Note, ...]:
    """Return a note on the rows that are not kept; refuse a file of which none is."""
    count = rows.num_rows - (pc.sum(is_kept).as_py() or 0)
    if not count:
        return ()
    row = pc.index(is_kept, False).as_py()
    values = (rows[c][row].as_py() for c in columns if c in rows.column_names)
    example = ", ".join(str(v) for v in values if v is not None)
    if count == rows.num_rows:
        raise FeedError(origin.file, f"{count:,} rows of games that are not in the schedule ({example})",
                        "games of the schedule; import the schedule first, or with it")  # fmt: skip
    return (Note(Severity.WARNING, origin.file, f"left out, {NO_GAME}", count, example),)


def _raise_unknown_teams(origin: Origin, finder: GameFinder) -> None:
    if finder.unknown_teams:
        words = ", ".join(repr(w) for w in sorted(finder.unknown_teams))
        finder.unknown_teams.clear()
        raise FeedError(origin.file, f"teams {words}", "names or codes of NBA teams")


def _values(rows: pa.Table, name: str) -> list[Any]:
    return list(rows[name].to_pylist()) if name in rows.column_names else [None] * rows.num_rows


_RESOLVERS: dict[RowKind, Callable[[pa.Table, Origin, GameFinder], Resolved]] = {
    RowKind.GAMES: _resolve_games,
    RowKind.BOX_SCORES: _resolve_box_scores,
    RowKind.QUOTES: _resolve_quotes,
    RowKind.INJURIES: _resolve_injuries,
}
