"""Games whose date or game id in a file differs from that in the warehouse."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import pyarrow as pa

from shared.errors import Rejected
from shared.ports import Warehouse
from shared.warehouse.schedule import FIRST_DATE, LAST_DATE
from shared.warehouse.statements import query_rows, statement


@dataclass(frozen=True)
class MovedGame:
    """A game of one source id: ``old`` and ``new`` are the game ids before and after the load.

    ``old_date`` is the game date of the outdated row.
    """

    nba_game_id: str
    old: str
    new: str
    old_date: date


@dataclass(frozen=True)
class ScheduleChanges:
    """Changes of game ids by a file.

    ``moved``: games that leave an outdated row behind. ``revived``: ids of outdated rows that are valid
    again.
    """

    moved: tuple[MovedGame, ...] = ()
    revived: tuple[str, ...] = ()


def find_schedule_changes(warehouse: Warehouse, games: pa.Table | None) -> ScheduleChanges:
    """Compare rows of ``nba_schedule`` that are about to be written with those that are stored.

    The same source id under another game id is a move: the later load wins, even with an earlier date. Raise
    ``Rejected`` if the two have no team in common, since then the id is wrong.
    """
    if games is None or games.num_rows == 0:
        return ScheduleChanges()
    stored = query_rows(warehouse, "games_by_source_id", first=FIRST_DATE, last=LAST_DATE)
    columns = ("nba_game_id", "game_id", "home_team_tricode", "away_team_tricode")
    incoming = {r["nba_game_id"]: r for r in games.select(list(columns)).to_pylist() if r["nba_game_id"]}
    moved = []
    for old in stored:
        new = incoming.get(old["nba_game_id"])
        if new is None or new["game_id"] == old["game_id"]:
            continue
        if not _teams(old) & _teams(new):
            raise Rejected(
                f"games.parquet: game_id {old['nba_game_id']} is {new['game_id']}, expected a game of the "
                f"teams of {old['game_id']}, which has this id in the warehouse"
            )
        moved.append(MovedGame(old["nba_game_id"], old["game_id"], new["game_id"], old["game_date"]))
    left_behind = {old["game_id"] for old in stored if old["moved_to"] is not None}
    revived = left_behind & {r["game_id"] for r in incoming.values()}
    return ScheduleChanges(tuple(moved), tuple(sorted(revived)))


def apply_schedule_changes(warehouse: Warehouse, changes: ScheduleChanges, now: datetime) -> None:
    """Retire the outdated rows of moved games and their active predictions, in one transaction.

    Call it after the file's rows are written. Nothing is deleted; loading the same folder again completes
    a load that stopped before it.
    """
    if not (changes.moved or changes.revived):
        return
    span = {"first": FIRST_DATE, "last": LAST_DATE}
    new, revived = sorted({m.new for m in changes.moved}), list(changes.revived)
    statements = []
    if revived:
        statements.append(statement("revive_moved_games", games=revived, **span))
    if new:
        statements.append(statement("retire_moved_games", games=new, now=now, **span))
        old = [m.old_date for m in changes.moved]
        statements.append(statement("supersede_moved_predictions", now=now, first=min(old), last=max(old)))
    warehouse.transact(statements)


def _teams(game: dict[str, str]) -> set[str]:
    return {game["home_team_tricode"], game["away_team_tricode"]}
