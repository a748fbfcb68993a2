"""Results of the dates of a backfill."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import msgspec

from shared.application.runs.jobs import NO_FEATURES
from shared.domain.vocabulary import NO_OUTCOME, PREDICTED, RunState
from shared.ports import ExpectedPlayer, PlayerOutcome


class Status(StrEnum):
    """Outcome of a date; every status that is not in ``SUCCESSFUL`` leaves work to do."""

    SUCCESS = "SUCCESS"
    PARTIAL = "PARTIAL"
    REFUSED_MLFS = "REFUSED_MLFS"
    STARTED = "STARTED"
    FAILED = "FAILED"
    NO_GAMES = "NO_GAMES"
    NOTHING_TO_DO = "NOTHING_TO_DO"


SUCCESSFUL = (Status.SUCCESS, Status.NO_GAMES, Status.NOTHING_TO_DO)


@dataclass(frozen=True)
class DateResult:
    """``players``: number of predicted players. ``rows_written``, ``rows_superseded``: rows of the
    predictions table. ``seconds``: an even share of the time of the dates that ran together.

    ``minutes_to_first_tipoff``: from the product's now, negative after the first tip-off, None without a
    scheduled time. ``left_out``: player spellings by reason. ``systems_off``: reason by system.
    ``warnings``: problems to check although the date succeeded, each with its remedy.
    """

    game_date: date
    status: Status
    players: int = 0
    rows_written: int = 0
    rows_superseded: int = 0
    seconds: float = 0.0
    minutes_to_first_tipoff: int | None = None
    run_id: str | None = None
    note: str | None = None
    left_out: dict[str, list[str]] = field(default_factory=dict)
    systems_off: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def plain(self) -> dict[str, Any]:
        """Return the fields as JSON values."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain

    @staticmethod
    def of(plain: dict[str, Any]) -> DateResult:
        return msgspec.convert(plain, DateResult)


def result_of(
    run: Mapping[str, Any],
    outcomes: Mapping[ExpectedPlayer, PlayerOutcome | None],
    off: dict[str, str],
    note: str | None,
    in_sample: bool,
) -> DateResult:
    """Build a date's result from its row of ``prediction_runs``; ``note``: what was omitted on purpose."""
    player_outcomes = {p: o.outcome if o else NO_OUTCOME for p, o in outcomes.items()}
    left_out = {p: outcome.reason for p, outcome in player_outcomes.items() if outcome != PREDICTED}
    is_complete = not off and note is None and NO_FEATURES.reason not in left_out.values()
    if run["state"] == RunState.FAILED:
        status = Status.FAILED
    elif run["rows_activated"] == 0 and in_sample is False and not off:
        status = Status.NOTHING_TO_DO
    else:
        status = Status.SUCCESS if run["state"] == RunState.COMPLETE and is_complete else Status.PARTIAL
    notes = [n for n in (None if status is Status.SUCCESS else run["note"], note) if n]
    return DateResult(
        run["game_date"],
        status,
        players=run["predicted"],
        rows_written=run["rows_activated"],
        rows_superseded=run["rows_superseded"],
        run_id=run["run_id"],
        note="; ".join(notes) or None,
        left_out=by_reason(left_out),
        systems_off=off,
    )


def by_reason(reasons: Mapping[ExpectedPlayer, str]) -> dict[str, list[str]]:
    """Group the players' spellings by reason; a spelling shared by two players is listed twice."""
    grouped: dict[str, list[str]] = {}
    for player, reason in reasons.items():
        grouped.setdefault(reason, []).append(player.player_lookup)
    return grouped
