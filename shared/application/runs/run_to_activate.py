"""A run with the outcomes of its players: the input of activation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from shared.application.runs.expected_players import identity
from shared.domain.vocabulary import NO_OUTCOME, PREDICTED
from shared.ports import ExpectedPlayer, PlayerOutcome, Run


@dataclass(frozen=True)
class RunToActivate:
    """A run to activate, with the outcome of every expected player, None if not reported."""

    run: Run
    outcomes: Mapping[ExpectedPlayer, PlayerOutcome | None]

    @property
    def run_id(self) -> str:
        return self.run.run_id

    def players(self) -> Counter[str]:
        """Count the players by kind of outcome: predicted, skipped, failed."""
        return Counter((o.outcome if o else NO_OUTCOME).kind.value for o in self.outcomes.values())

    def predicted(self) -> set[int | str]:
        """Return the predicted players, each by its ``identity``."""
        return {
            identity(*p[:2]) for p, o in self.outcomes.items() if o is not None and o.outcome == PREDICTED
        }

    def expected(self) -> set[int | str]:
        """Return all expected players, each by its ``identity``."""
        return {identity(*p[:2]) for p in self.outcomes}
