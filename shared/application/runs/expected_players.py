"""The players of a run: told apart by id, found by what a worker reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from shared.errors import NotFound, Rejected
from shared.ports import ExpectedPlayer, PlayerOutcome
from shared.schemas.messages import PredictionReady


def identity(lookup: str, player_id: int | None) -> int | str:
    """A player's id; his spelling in rows and runs that have none."""
    return lookup if player_id is None else player_id


def outcome_for(
    player: ExpectedPlayer, outcome: str, systems: Mapping[str, str] | None = None
) -> PlayerOutcome:
    """The outcome of an expected player."""
    return PlayerOutcome(player.player_id, player.player_lookup, outcome, systems or {})


class PlayersOfRun:
    """The expected players of a run, found by what a report says of one."""

    def __init__(self, players: Sequence[ExpectedPlayer]) -> None:
        self._by_id = {p.player_id: p for p in players if p.player_id is not None}
        self._by_spelling: dict[str, list[ExpectedPlayer]] = {}
        for player in players:
            self._by_spelling.setdefault(player.player_lookup, []).append(player)

    def find(self, ready: PredictionReady) -> ExpectedPlayer:
        """The player of the report's id. The spelling decides only where the report or the run is of release
        0.1.0 and names no ids."""
        if ready.player_id in self._by_id:
            return self._by_id[ready.player_id]
        alike = self._by_spelling.get(ready.player_lookup, [])
        if ready.player_id is not None:
            alike = [p for p in alike if p.player_id is None]
        if not alike:
            raise NotFound(
                f"run {ready.run_id!r} does not expect player {ready.player_lookup!r} "
                f"(player_id {ready.player_id})"
            )
        if len(alike) > 1:
            ids = ", ".join(str(p.player_id) for p in alike)
            raise Rejected(f"player_id: none, wanted one of {ids}: all are spelled {ready.player_lookup!r}")
        return alike[0]
