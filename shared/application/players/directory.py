"""The league's players, from lists of players: written by feeds, read where names are matched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa
import pyarrow.compute as pc

from shared.domain.players.names import player_lookup
from shared.errors import Rejected
from shared.ports import Warehouse
from shared.schemas.reference import PLAYERS
from shared.warehouse.schedule import FIRST_DATE, LAST_DATE
from shared.warehouse.statements import query_rows, statement

SEASON_STARTS = 8
"""Month from which a date belongs to the season that begins in its year."""

TEAM_DAYS = 400
"""Days around the last change of a row for which its team counts, if its seasons are unknown."""

_COLUMN_OF = {"team": "team_abbr", "first_season": "first_season", "last_season": "last_season"}


@dataclass(frozen=True)
class ListedPlayer:
    """A player of the directory. ``team``: the current one, None without one."""

    player_id: int
    name: str
    lookup: str
    team: str | None
    first_season: int | None
    last_season: int | None
    updated_on: date

    def may_play_on(self, day: date) -> bool:
        """Whether the team counts on a game date: it is the team of the newest season only."""
        if self.last_season is None:
            return abs((day - self.updated_on).days) <= TEAM_DAYS
        return self.last_season <= season_of(day) <= self.last_season + 1


def season_of(day: date) -> int:
    """Return the year in which the season of a date began."""
    return day.year if day.month >= SEASON_STARTS else day.year - 1


class PlayerDirectory:
    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def players(self) -> list[ListedPlayer]:
        """Return all players, by id."""
        return [
            ListedPlayer(
                r["player_id"], r["player_name"], r["player_lookup"], r["team_abbr"],
                r["first_season"], r["last_season"], r["updated_at"].date(),
            )
            for r in query_rows(self._warehouse, "listed_players")
        ]  # fmt: skip

    def write(self, rows: pa.Table, source: str, now: datetime) -> int:
        """Add or correct players; return the number of new or changed rows.

        ``rows`` has player_id and player_name, and may have team, first_season and last_season. A null
        removes the stored value; an absent column leaves it. ``Rejected`` for a row without an id of the
        league or without a name, and for a player in two rows that differ.
        """
        _require_columns(rows, ("player_id", "player_name"))
        rows = rows.group_by(rows.column_names).aggregate([]) if rows.num_rows else rows
        if not rows.num_rows:
            return 0
        ids, names = rows["player_id"].to_pylist(), rows["player_name"].to_pylist()
        columns = {
            "player_id": rows["player_id"],
            "player_name": rows["player_name"],
            "player_lookup": pa.array([_lookup(i, n, source) for i, n in zip(ids, names, strict=True)]),
            **{column: rows[c] for c, column in _COLUMN_OF.items() if c in rows.column_names},
            "source": pa.array([source] * rows.num_rows, pa.string()),
            "updated_at": pa.array([now] * rows.num_rows, pa.timestamp("us", "UTC")),
        }
        return self._warehouse.upsert(PLAYERS, pa.table(columns), replace=True)

    def known_ids(self, ids: Sequence[int]) -> set[int]:
        """Return those of the ids that are in the directory or in a box score."""
        players = sorted(map(str, set(ids)))  # text: BigQuery cannot tell the type of an empty list
        query = statement("known_player_ids", players=players, first=FIRST_DATE, last=LAST_DATE)
        return set(self._warehouse.query(query)["player_id"].to_pylist())

    def ids_of_name(self, lookup: str) -> set[int]:
        """Return the players whose own name this is, in the directory or in a box score."""
        query = statement("players_of_own_name", player_lookup=lookup, first=FIRST_DATE, last=LAST_DATE)
        return set(self._warehouse.query(query)["player_id"].to_pylist())


def _require_columns(rows: pa.Table, names: Sequence[str]) -> None:
    missing = [n for n in names if n not in rows.column_names]
    if missing:
        raise Rejected(f"players: no column {', '.join(missing)}, expected {', '.join(names)}")
    for name in names:
        if nulls := pc.sum(pc.is_null(rows[name])).as_py():
            raise Rejected(f"players: {nulls:,} rows have no {name}, expected one in every row")


def _lookup(player_id: int, name: str, source: str) -> str:
    if player_id <= 0:
        raise Rejected(f"{source}: player {name!r} has the id {player_id}, expected a positive id of NBA.com")
    try:
        return player_lookup(name)
    except ValueError as exc:
        raise Rejected(f"{source}: player {player_id}: {exc}, expected a name") from exc
