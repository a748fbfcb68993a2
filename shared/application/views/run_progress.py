"""One run: how far it is, how every player and system ended, and what became of its rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from shared.application.runs.run_to_activate import PREDICTED
from shared.application.views.partial_view import Parts
from shared.application.views.run_list import RunRow, run_row
from shared.ports import ACTIVE_STATES, ExpectedPlayer, PlayerOutcome, Run, RunState, RunStore, Warehouse
from shared.warehouse.statements import statement

PENDING = "pending"


@dataclass(frozen=True)
class Progress:
    """Players who are expected and who have an outcome; ``kinds``: predicted, skipped, failed, pending."""

    expected: int
    done: int
    kinds: Mapping[str, int]


@dataclass(frozen=True)
class PlayerRow:
    """``reason``: why he was not predicted; ``silent``: systems that emitted nothing for him, and why."""

    player_lookup: str
    game_id: str
    outcome: str
    reason: str | None
    predicted_by: int
    silent: str | None
    player_id: int | None = None


@dataclass(frozen=True)
class SystemRow:
    """Players whom a system predicted, and why it emitted nothing for others."""

    system_id: str
    predicted: int
    reasons: str | None


@dataclass(frozen=True)
class Step:
    """``at`` is real time unless ``by_product_clock``; None where the moment is not kept."""

    what: str
    at: datetime | None
    detail: str
    by_product_clock: bool = False


@dataclass(frozen=True)
class Replacement:
    """Rows of one run that another took the place of; ``reason`` is the later run's."""

    earlier_run: str
    later_run: str
    rows: int
    reason: str | None
    at: datetime


@dataclass(frozen=True)
class RunProgress:
    """``request``: what was asked for, in the order asked. ``away``: what did not answer."""

    run: RunRow
    under_way: bool
    request: Mapping[str, Any]
    progress: Progress
    players: tuple[PlayerRow, ...]
    systems: tuple[SystemRow, ...]
    steps: tuple[Step, ...]
    replacements: tuple[Replacement, ...]
    away: tuple[str, ...]


class ShowRun:
    """``deadline``: how long a run may take before it is ended."""

    def __init__(self, warehouse: Warehouse, runs: RunStore, deadline: timedelta) -> None:
        self._warehouse, self._runs, self._deadline = warehouse, runs, deadline

    def __call__(self, run_id: str) -> RunProgress:
        """``NotFound`` for an unknown run. The warehouse is asked once, and only of a run that has ended."""
        run = self._runs.get(run_id)
        outcomes = self._runs.outcomes(run_id)
        under_way = run.state in ACTIVE_STATES
        parts = Parts()
        history = [] if under_way else parts.ask("warehouse", lambda: self._history(run)) or []
        return RunProgress(
            run=run_row(run),
            under_way=under_way,
            request=dict(run.request),
            progress=progress(outcomes),
            players=tuple(_player(p, o) for p, o in outcomes.items()),
            systems=_systems(outcomes.values()),
            steps=tuple(self._steps(run, len(outcomes), history)),
            replacements=tuple(_replacement(run_id, h) for h in history if h["what"] != "activated"),
            away=parts.away,
        )

    def _history(self, run: Run) -> list[dict[str, Any]]:
        asked = statement("run_history", game_date=run.game_date, run_id=run.run_id)
        return list(self._warehouse.query(asked).to_pylist())

    def _steps(self, run: Run, expected: int, history: Sequence[Mapping[str, Any]]) -> Iterable[Step]:
        yield Step("Opened", run.opened_at, f"by {run.request.get('job') or 'a request to this service'}")
        if expected:
            yield Step("Jobs published", None, f"one for each of {expected} expected players")
        if run.state is RunState.ACTIVATING:
            yield Step("Activating", None, "every player has an outcome, rows come into use")
        for told in history:
            if told["what"] == "activated":
                yield Step("Rows came into use", told["happened_at"], f"{told['row_count']} rows", True)
        if run.closed_at is not None:
            yield Step("Closed", run.closed_at, run.note or run.state.value)
        else:
            yield Step(
                "Ends at the latest", run.opened_at + self._deadline, "whoever is missing then has failed"
            )
        for told in history:
            if told["what"] == "superseded_by":
                yield Step(
                    "Superseded",
                    told["happened_at"],
                    f"{told['row_count']} rows by {told['other_run']}",
                    True,
                )


def progress(outcomes: Mapping[ExpectedPlayer, PlayerOutcome | None]) -> Progress:
    kinds = Counter((o.outcome if o else PENDING).partition(":")[0] for o in outcomes.values())
    return Progress(len(outcomes), len(outcomes) - kinds[PENDING], kinds)


def by_system(outcomes: Iterable[PlayerOutcome | None]) -> dict[str, Counter[str]]:
    """What each system said, counted over the players who have an outcome."""
    counts: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        for system, said in (outcome.systems if outcome else {}).items():
            counts.setdefault(system, Counter())[said] += 1
    return counts


def _systems(outcomes: Iterable[PlayerOutcome | None]) -> tuple[SystemRow, ...]:
    return tuple(
        SystemRow(
            system,
            said[PREDICTED],
            ", ".join(f"{why} ({n})" for why, n in said.most_common() if why != PREDICTED) or None,
        )
        for system, said in by_system(outcomes).items()
    )


def _player(player: ExpectedPlayer, told: PlayerOutcome | None) -> PlayerRow:
    outcome, _, reason = (told.outcome if told else PENDING).partition(":")
    said = told.systems if told else {}
    silent = [f"{system}: {why}" for system, why in said.items() if why != PREDICTED]
    return PlayerRow(
        player_lookup=player.player_lookup,
        game_id=player.game_id,
        outcome=outcome,
        reason=reason or None,
        predicted_by=len(said) - len(silent),
        silent="; ".join(silent) or None,
        player_id=player.player_id,
    )


def _replacement(run_id: str, told: Mapping[str, Any]) -> Replacement:
    this, other = run_id, told["other_run"]
    earlier, later = (other, this) if told["what"] == "superseded" else (this, other)
    return Replacement(earlier, later, told["row_count"], told["reason"], told["happened_at"])
