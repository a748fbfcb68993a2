"""The expected players of a run, identified by player_id and looked up by worker reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from shared.domain.vocabulary import Outcome
from shared.errors import NotFound, Rejected
from shared.ports import ExpectedPlayer, PlayerOutcome
from shared.schemas.messages import PredictionReady


def identity(lookup: str, player_id: int | None) -> int | str:
    """Return the player_id, or the spelling in rows and runs without one."""
    return lookup if player_id is None else player_id


def outcome_for(
    player: ExpectedPlayer, outcome: Outcome, systems: Mapping[str, str] | None = None
) -> PlayerOutcome:
    return PlayerOutcome(player.player_id, player.player_lookup, outcome, systems or {})


def count_by_system(outcomes: Iterable[PlayerOutcome | None]) -> dict[str, Counter[str]]:
    """Count the results of each system over the players with an outcome."""
    counts: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        for system, reason in (outcome.systems if outcome else {}).items():
            counts.setdefault(system, Counter())[reason] += 1
    return counts


class ExpectedPlayers:
    """Looks up the expected player of a worker's report."""

    def __init__(self, players: Sequence[ExpectedPlayer]) -> None:
        self._by_id = {p.player_id: p for p in players if p.player_id is not None}
        self._by_spelling: dict[str, list[ExpectedPlayer]] = {}
        for player in players:
            self._by_spelling.setdefault(player.player_lookup, []).append(player)

    def find(self, ready: PredictionReady) -> ExpectedPlayer:
        """Return the player with the report's id, or with its spelling if the report or the run has no ids
        (release 0.1.0). Raises ``NotFound``, or ``Rejected`` if several players share the spelling."""
        if ready.player_id in self._by_id:
            return self._by_id[ready.player_id]
        same_spelling = self._by_spelling.get(ready.player_lookup, [])
        if ready.player_id is not None:
            same_spelling = [p for p in same_spelling if p.player_id is None]
        if not same_spelling:
            raise NotFound(
                f"run {ready.run_id!r} does not expect player {ready.player_lookup!r} "
                f"(player_id {ready.player_id})"
            )
        if len(same_spelling) > 1:
            ids = ", ".join(str(p.player_id) for p in same_spelling)
            raise Rejected(f"player_id: none, expected one of {ids}: all are spelled {ready.player_lookup!r}")
        return same_spelling[0]
