"""Domain events: emitted by use cases, consumed by logs and metrics."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shared.domain.vocabulary import RunMode, RunState

logger = logging.getLogger("props")
MAX_LEN = 2000
"""Characters of a log message or field: names in a rejected message can be as long as its body."""


@dataclass(frozen=True)
class Event:
    """A fact for later queries: ``str`` is the message of its log line, its fields are fields of the line."""

    @property
    def name(self) -> str:
        """The field ``event`` of its log lines, ``run_ended`` for ``RunEnded``."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def level(self) -> int:
        return logging.INFO


Observer = Callable[[Event], None]
"""Receives each event. It takes no decisions, is cheap and never raises."""

Progress = Callable[[str, int, int], None]
"""Receives the name of a step, the number of rows done and the total number of rows."""


def log(event: Event) -> None:
    """Write an event to the log."""
    if logger.isEnabledFor(event.level):
        extra = {k: v[:MAX_LEN] if isinstance(v, str) else v for k, v in vars(event).items() if v is not None}
        logger.log(event.level, str(event)[:MAX_LEN], extra={"event": event.name, **extra})


def combine_observers(first: Observer, second: Observer) -> Observer:
    def notify(event: Event) -> None:
        first(event)
        second(event)

    return notify


@dataclass(frozen=True)
class ProcessStarted(Event):
    """``models``: the ``describe_model`` of each model in memory; ``missing``: why a system is off."""

    port: int
    models: Sequence[Mapping[str, Any]] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def level(self) -> int:
        return logging.WARNING if self.missing else logging.INFO

    def __str__(self) -> str:
        models = ", ".join(f"{m['system_id']} {m['model_id']} ({m['role']})" for m in self.models)
        missing = ", ".join(f"{system}: {why}" for system, why in self.missing.items())
        text = f"started on port {self.port}" + (f"; serves {models}" if models else "")
        return text + (f"; not ready, missing models: {missing}" if missing else "")


@dataclass(frozen=True)
class ProcessStopped(Event):
    port: int

    def __str__(self) -> str:
        return "stopped"


@dataclass(frozen=True)
class ModelAlarm(Event):
    """Serving models that are not the registry's champions; emitted on change, empty if all are champions."""

    alarms: Sequence[str]

    @property
    def level(self) -> int:
        return logging.ERROR if self.alarms else logging.INFO

    def __str__(self) -> str:
        return "; ".join(self.alarms) or "all serving models are champions again"


@dataclass(frozen=True)
class RunStarted(Event):
    run_id: str
    game_date: date
    mode: RunMode
    expected_players: int
    jobs: int
    publish_seconds: float

    def __str__(self) -> str:
        return f"run started: {self.jobs} jobs for {self.expected_players} expected players"


@dataclass(frozen=True)
class RunRefused(Event):
    """Another run of the date is under way."""

    game_date: date
    holder: str

    def __str__(self) -> str:
        return f"run refused: {self.holder} of {self.game_date} is under way"


@dataclass(frozen=True)
class RunFailed(Event):
    """A run was opened and failed before its jobs were published."""

    run_id: str
    game_date: date
    mode: RunMode
    reason: str

    @property
    def level(self) -> int:
        return logging.WARNING

    def __str__(self) -> str:
        return f"run failed: {self.reason}"


@dataclass(frozen=True)
class RunEnded(Event):
    """``seconds``: since the run was opened; ``players``: number of players by outcome.

    ``missing``: expected players without a report; ``games_begun``: games of the run that had started when
    its rows were activated. The service's promises to users are measured with these fields.
    """

    run_id: str
    game_date: date
    mode: RunMode
    state: RunState
    note: str
    players: Mapping[str, int]
    missing: int
    games_begun: int
    rows_activated: int
    rows_superseded: int
    seconds: float
    activation_seconds: float

    @property
    def level(self) -> int:
        return {RunState.COMPLETE: logging.INFO, RunState.PARTIAL: logging.WARNING}.get(
            self.state, logging.ERROR
        )

    def __str__(self) -> str:
        return f"run ended {self.state}: {self.note}"


@dataclass(frozen=True)
class RunsStalled(Event):
    run_ids: Sequence[str]

    @property
    def level(self) -> int:
        return logging.WARNING

    def __str__(self) -> str:
        return f"ended runs past their deadline: {', '.join(self.run_ids)}"


@dataclass(frozen=True)
class BatchStaged(Event):
    """``said``: number of jobs by system and outcome; ``run_id`` and ``game_date``: None if jobs differ.
    ``clamped``: number of rows by system whose raw prediction was outside 0-60."""

    run_id: str | None
    game_date: date | None
    jobs: int
    rows: int
    shadow_rows: int
    said: Mapping[str, Mapping[str, int]]
    predict_seconds: float
    append_seconds: float
    report_seconds: float
    clamped: Mapping[str, int] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return self.predict_seconds + self.append_seconds + self.report_seconds

    def __str__(self) -> str:
        return f"batch staged: {self.jobs} jobs, {self.rows} rows, {1000 * self.seconds:.0f} ms"


@dataclass(frozen=True)
class MessageRejected(Event):
    """``kind``: one of ``KINDS`` or ``other``; ``reason``: a sentence, never the body."""

    refused_by: str
    message_id: str | None
    kind: str
    reason: str
    run_id: str | None = None
    player_lookup: str | None = None

    @property
    def level(self) -> int:
        return logging.WARNING

    def __str__(self) -> str:
        return f"message rejected: {self.reason}"
