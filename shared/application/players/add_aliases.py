"""Add aliases after checks: one by an operator, or all ids of a table of ids."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa

from shared.application.players.aliases import ID, NAME, Alias, KnownAliases, PlayerAliases
from shared.application.players.directory import PlayerDirectory
from shared.errors import Rejected
from shared.ports import Warehouse
from shared.warehouse.schedule import FIRST_DATE


@dataclass(frozen=True)
class LeftOut:
    """Rows of a table of ids that were not stored; ``example`` is the first of them."""

    reason: str
    rows: int
    example: str


@dataclass(frozen=True)
class WrittenIds:
    """``changed``: aliases that are new or changed."""

    read: int
    changed: int
    left_out: tuple[LeftOut, ...] = ()


UNKNOWN_PLAYER = "the player is neither in the directory nor in a box score; load a list of players first"
NO_ID = "no id of the league or of the source"
SEVERAL_IDS = "an id of the source that the table gives to several players"
STORED_OTHERWISE = "an id of the source that is stored for another player"


class AddAliases:
    def __init__(self, warehouse: Warehouse) -> None:
        self._directory, self._aliases = PlayerDirectory(warehouse), PlayerAliases(warehouse)

    def one(self, alias: Alias, now: datetime) -> bool:
        """Store an alias; return False if it is stored already. ``Rejected`` names what contradicts it.

        The player must be in the directory or in a box score. An alias of another player that overlaps in
        time is refused, and so is, without a source, a spelling that is another player's own name: an alias
        comes before names, so it would take all rows of that player.
        """
        if alias.kind == ID and not alias.source:
            raise Rejected(f"{alias}: an id without a source, expected --source")
        if alias.is_void:
            raise Rejected(f"{alias}: ends before it begins, expected a later last date")
        if not self._directory.known_ids([alias.player_id]):
            raise Rejected(
                f"{alias}: player {alias.player_id} is unknown, expected a player of the directory or of a "
                "box score"
            )
        stored = self._aliases.all()
        self._refuse_own_name(alias, KnownAliases(stored))
        if others := [a for a in stored if a.overlaps(alias) and a.player_id != alias.player_id]:
            raise Rejected(
                f"{alias}: contradicts {'; '.join(map(str, others))}, expected one player at a time; "
                "props players alias end sets its last date"
            )
        if any(
            a.overlaps(alias) and a.valid_from <= alias.valid_from and a.last >= alias.last for a in stored
        ):
            return False
        return self._aliases.write([alias], now) > 0

    def ids(self, rows: pa.Table, added_by: str, now: datetime) -> WrittenIds:
        """Store the ids of a table with player_id, source and source_player_id, valid on every date.

        Rows that contradict each other or a stored alias, and rows of unknown players, are left out and
        counted.
        """
        columns = ("player_id", "source", "source_player_id")
        pairs = dict.fromkeys(zip(*(rows[c].to_pylist() for c in columns), strict=True))
        known = self._directory.known_ids([i for i, _, _ in pairs if i is not None])
        stored = {(a.source, a.alias): a for a in self._aliases.all() if a.kind == ID and not a.is_void}
        players: dict[tuple[str, str], set[int]] = defaultdict(set)
        for player, source, source_id in pairs:
            if player is not None:
                players[source, source_id].add(player)
        new, left_out = [], []
        for player, source, source_id in pairs:
            reason = ""
            if not (player and source and source_id):
                reason = NO_ID
            elif len(players[source, source_id]) > 1:
                reason = SEVERAL_IDS
            elif player not in known:
                reason = UNKNOWN_PLAYER
            elif (other := stored.get((source, source_id))) and other.player_id != player:
                reason = STORED_OTHERWISE
            if reason:
                left_out.append((reason, f"{source} {source_id} = {player}"))
            elif (source, source_id) not in stored:
                new.append(Alias(source, ID, source_id, player, FIRST_DATE, None, added_by, now))
        return WrittenIds(rows.num_rows, self._aliases.write(new, now), tuple(_grouped(left_out)))

    def _refuse_own_name(self, alias: Alias, aliases: KnownAliases) -> None:
        if alias.kind != NAME or alias.source:
            return
        others = self._directory.ids_of_name(alias.alias) - {alias.player_id}
        others -= aliases.players_named(alias.alias)  # rows under an alias, not under the player's own name
        if others:
            raise Rejected(
                f"{alias}: this is the own name of {', '.join(map(str, sorted(others)))}, expected --source: "
                "an alias without one would take that player's rows"
            )


def _grouped(left_out: Iterable[tuple[str, str]]) -> list[LeftOut]:
    examples: dict[str, list[str]] = {}
    for reason, example in left_out:
        examples.setdefault(reason, []).append(example)
    return [LeftOut(reason, len(rows), rows[0]) for reason, rows in examples.items()]
