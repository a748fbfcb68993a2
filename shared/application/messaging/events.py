"""What has happened: use cases tell it, the log keeps it, the services count it."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from shared.ports import RunState

logger = logging.getLogger("props")
LONGEST = 2000
"""Characters of a sentence or field: what a refused message calls itself may be as long as its body."""


@dataclass(frozen=True)
class Event:
    """A fact that somebody asks for later: a sentence, and fields beside it in the log line."""

    @property
    def name(self) -> str:
        """What its log lines are found by, ``run_ended`` for ``RunEnded``."""
        return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def level(self) -> int:
        return logging.INFO


Observer = Callable[[Event], None]
"""Receives each event. It decides nothing, costs little and never raises."""

Progress = Callable[[str, int, int], None]
"""Receives the name of a step, the rows done and the rows in all."""


def log(event: Event) -> None:
    """Write an event to the log."""
    if logger.isEnabledFor(event.level):
        told = {k: v[:LONGEST] if isinstance(v, str) else v for k, v in vars(event).items() if v is not None}
        logger.log(event.level, str(event)[:LONGEST], extra={"event": event.name, **told})


def combine_observers(first: Observer, second: Observer) -> Observer:
    def tell(event: Event) -> None:
        first(event)
        second(event)

    return tell


@dataclass(frozen=True)
class ProcessStarted(Event):
    """``models``: what ``describe_model`` says of each model in memory; ``missing``: why a system is off."""

    port: int
    models: Sequence[Mapping[str, Any]] = ()
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def level(self) -> int:
        return logging.WARNING if self.missing else logging.INFO

    def __str__(self) -> str:
        named = ", ".join(f"{m['system_id']} {m['model_id']} ({m['role']})" for m in self.models)
        lacks = ", ".join(f"{system}: {why}" for system, why in self.missing.items())
        said = f"started on port {self.port}" + (f"; serves {named}" if named else "")
        return said + (f"; not ready for lack of {lacks}" if lacks else "")


@dataclass(frozen=True)
class ProcessStopped(Event):
    port: int

    def __str__(self) -> str:
        return "stopped"


@dataclass(frozen=True)
class ModelAlarm(Event):
    """Models that serve and are not the registry's champions; told on change, empty once it is over."""

    alarms: Sequence[str]

    @property
    def level(self) -> int:
        return logging.ERROR if self.alarms else logging.INFO

    def __str__(self) -> str:
        return "; ".join(self.alarms) or "every model that serves is the champion again"


@dataclass(frozen=True)
class RunStarted(Event):
    run_id: str
    game_date: date
    mode: str
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
    """It was opened and came to nothing before its jobs were out."""

    run_id: str
    game_date: date
    mode: str
    reason: str

    @property
    def level(self) -> int:
        return logging.WARNING

    def __str__(self) -> str:
        return f"run failed: {self.reason}"


@dataclass(frozen=True)
class RunEnded(Event):
    """``seconds`` since it was opened; ``players`` by how they ended.

    ``missing``: expected players whom nobody ever reported on; ``games_begun``: games of the run that had
    started when its rows came into use. What users are promised is counted from these.
    """

    run_id: str
    game_date: date
    mode: str
    state: str
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
            RunState(self.state), logging.ERROR
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
        return f"runs past their deadline were ended: {', '.join(self.run_ids)}"


@dataclass(frozen=True)
class BatchStaged(Event):
    """``said``: jobs by system and how they ended; ``run_id`` and ``game_date`` where all jobs share them.
    ``clamped``: by system, rows whose own number of points was outside of 0-60."""

    run_id: str | None
    game_date: str | None
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
    """``kind`` is one of few words, ``reason`` the sentence; never the body."""

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
