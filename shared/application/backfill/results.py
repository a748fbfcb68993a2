"""How the dates of a backfill ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

from shared.ports import ExpectedPlayer, PlayerOutcome, RunState


class Status(StrEnum):
    """How a date ended; all but the first and the last two leave something undone."""

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
    """``players``: predicted. ``rows_written`` and ``rows_superseded`` count rows of the predictions table.

    ``seconds``: an even share of what the dates that were run together took.

    ``minutes_to_first_tipoff``: from the product's now, negative once the first game has begun, None where
    no tip-off is known. ``left_out``: players by reason; ``systems_off``: why by system. ``warnings``: what
    is to be looked at although everything was done, with its remedy.
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
        """The same as JSON has it."""
        return {**asdict(self), "game_date": self.game_date.isoformat(), "status": self.status.value}

    @staticmethod
    def of(plain: dict[str, Any]) -> DateResult:
        day = date.fromisoformat(plain["game_date"])
        return DateResult(**{**plain, "game_date": day, "status": Status(plain["status"])})


def result_of(
    run: Mapping[str, Any],
    outcomes: Mapping[ExpectedPlayer, PlayerOutcome | None],
    off: dict[str, str],
    note: str | None,
    in_sample: bool,
) -> DateResult:
    """The result of a date from its row of ``prediction_runs``; ``note``: what was left undone on purpose."""
    said = {p: o.outcome if o else "failed:no_outcome" for p, o in outcomes.items()}
    left_out = {p: why.partition(":")[2] for p, why in said.items() if why != "predicted"}
    whole = not off and note is None and "no_features" not in left_out.values()
    if run["state"] == RunState.FAILED:
        status = Status.FAILED
    elif run["rows_activated"] == 0 and in_sample is False and not off:
        status = Status.NOTHING_TO_DO
    else:
        status = Status.SUCCESS if run["state"] == RunState.COMPLETE and whole else Status.PARTIAL
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
    """Players' spellings by why they are left out; of two who share one it is there twice."""
    grouped: dict[str, list[str]] = {}
    for player, why in reasons.items():
        grouped.setdefault(why, []).append(player.player_lookup)
    return grouped
