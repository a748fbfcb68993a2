"""One run: its progress, the outcome of every player and system, and the replacement of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.application.runs.expected_players import count_by_system
from shared.application.views.partial_view import PartialView
from shared.application.views.run_list import RunRow, run_row
from shared.domain.vocabulary import ACTIVE_STATES, OutcomeKind, RunState
from shared.ports import ExpectedPlayer, PlayerOutcome, Run, RunStore, Warehouse
from shared.warehouse.statements import query_rows

PENDING = "pending"


@dataclass(frozen=True)
class Progress:
    """Numbers of players; ``done``: with an outcome; ``kinds``: predicted, skipped, failed, pending."""

    expected: int
    done: int
    kinds: Mapping[str, int]


@dataclass(frozen=True)
class PlayerRow:
    """``reason``: why there is no prediction; ``silent``: systems without one, each with its reason."""

    player_lookup: str
    game_id: str
    outcome: str
    reason: str | None
    predicted_by: int
    silent: str | None
    player_id: int | None = None


@dataclass(frozen=True)
class SystemRow:
    """Number of players that a system predicted, and its reasons for skipping the others."""

    system_id: str
    predicted: int
    reasons: str | None


@dataclass(frozen=True)
class Step:
    """``at`` is real time unless ``by_product_clock``; None if the time is not recorded."""

    what: str
    at: datetime | None
    detail: str
    by_product_clock: bool = False


@dataclass(frozen=True)
class Replacement:
    """Rows of an earlier run that a later run replaced; ``reason`` is the later run's."""

    earlier_run: str
    later_run: str
    rows: int
    reason: str | None
    at: datetime


@dataclass(frozen=True)
class RunProgress:
    """``request`` keeps the order of its fields. ``unavailable``: sources that did not answer."""

    run: RunRow
    under_way: bool
    request: Mapping[str, Any]
    progress: Progress
    players: tuple[PlayerRow, ...]
    systems: tuple[SystemRow, ...]
    steps: tuple[Step, ...]
    replacements: tuple[Replacement, ...]
    unavailable: tuple[str, ...]


class ShowRun:
    """``deadline``: time after which an unfinished run is ended."""

    def __init__(self, warehouse: Warehouse, runs: RunStore, deadline: timedelta) -> None:
        self._warehouse, self._runs, self._deadline = warehouse, runs, deadline

    def __call__(self, run_id: str) -> RunProgress:
        """Raises ``NotFound`` for an unknown run. Queries the warehouse once, and only for an ended run."""
        run = self._runs.get(run_id)
        outcomes = self._runs.outcomes(run_id)
        under_way = run.state in ACTIVE_STATES
        parts = PartialView()
        history = [] if under_way else parts.get_or_none("warehouse", lambda: self._history(run)) or []
        return RunProgress(
            run=run_row(run),
            under_way=under_way,
            request=dict(run.request),
            progress=count_outcomes(outcomes),
            players=tuple(_player(p, o) for p, o in outcomes.items()),
            systems=_systems(outcomes.values()),
            steps=tuple(self._steps(run, len(outcomes), history)),
            replacements=tuple(_replacement(run_id, h) for h in history if h["what"] != "activated"),
            unavailable=parts.unavailable,
        )

    def _history(self, run: Run) -> list[dict[str, Any]]:
        return query_rows(self._warehouse, "run_history", game_date=run.game_date, run_id=run.run_id)

    def _steps(self, run: Run, expected: int, history: Sequence[Mapping[str, Any]]) -> Iterable[Step]:
        yield Step("Opened", run.opened_at, f"by {run.request.get('job') or 'a request to this service'}")
        if expected:
            yield Step("Jobs published", None, f"one for each of {expected} expected players")
        if run.state is RunState.ACTIVATING:
            yield Step("Activating", None, "every player has an outcome; rows are being activated")
        for event in history:
            if event["what"] == "activated":
                yield Step("Activated", event["happened_at"], f"{event['row_count']} rows", True)
        if run.closed_at is not None:
            yield Step("Closed", run.closed_at, run.note or run.state.value)
        else:
            yield Step(
                "Ends at the latest", run.opened_at + self._deadline, "players without an outcome fail then"
            )
        for event in history:
            if event["what"] == "superseded_by":
                yield Step(
                    "Superseded",
                    event["happened_at"],
                    f"{event['row_count']} rows by {event['other_run']}",
                    True,
                )


def count_outcomes(outcomes: Mapping[ExpectedPlayer, PlayerOutcome | None]) -> Progress:
    kinds = Counter(o.outcome.kind.value if o else PENDING for o in outcomes.values())
    return Progress(len(outcomes), len(outcomes) - kinds[PENDING], kinds)


def _systems(outcomes: Iterable[PlayerOutcome | None]) -> tuple[SystemRow, ...]:
    return tuple(
        SystemRow(
            system,
            counts[OutcomeKind.PREDICTED],
            ", ".join(f"{why} ({n})" for why, n in counts.most_common() if why != OutcomeKind.PREDICTED)
            or None,
        )
        for system, counts in count_by_system(outcomes).items()
    )


def _player(player: ExpectedPlayer, recorded: PlayerOutcome | None) -> PlayerRow:
    by_system = recorded.systems if recorded else {}
    silent = [f"{system}: {why}" for system, why in by_system.items() if why != OutcomeKind.PREDICTED]
    return PlayerRow(
        player_lookup=player.player_lookup,
        game_id=player.game_id,
        outcome=recorded.outcome.kind.value if recorded else PENDING,
        reason=(recorded.outcome.reason or None) if recorded else None,
        predicted_by=len(by_system) - len(silent),
        silent="; ".join(silent) or None,
        player_id=player.player_id,
    )


def _replacement(run_id: str, event: Mapping[str, Any]) -> Replacement:
    this, other = run_id, event["other_run"]
    earlier, later = (other, this) if event["what"] == "superseded" else (this, other)
    return Replacement(earlier, later, event["row_count"], event["reason"], event["happened_at"])
