"""What the coordinator answers when all is well, for its OpenAPI document; nothing is checked against it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from pydantic import create_model

from shared.application.grading.signals import Evidence
from shared.domain.coverage import Level
from shared.ports import RunState
from shared.schemas.predictions import DAILY_PREDICTION_SIGNALS, PLAYER_PROP_PREDICTIONS
from shared.schemas.table import Column, Table
from shared.web.health_models import Health, Heartbeat, Ready
from shared.web.openapi import Answer, Answers

TYPES = {
    "STRING": str, "INT64": int, "FLOAT64": float, "BOOL": bool, "DATE": date, "TIMESTAMP": datetime,
}  # fmt: skip


def row_of(table: Table, name: str, **beside: Any) -> type[Answer]:
    """A row of a table, with what a question puts ``beside`` its columns."""
    types = {c.name: _type(c) for c in table.columns} | beside
    fields: dict[str, Any] = {column: (type_, ...) for column, type_ in types.items()}
    return create_model(name, __base__=Answer, __doc__=f"A row of ``{table.full_name}``.", **fields)


def _type(column: Column) -> Any:
    plain = TYPES[column.type]
    if column.mode == "REPEATED":
        return list[plain]  # type: ignore[valid-type]
    return plain if column.mode == "REQUIRED" else plain | None


class Started(Answer):
    """A run that was opened; ``status_url`` tells how it goes."""

    run_id: str
    expected_players: int
    published: int
    status_url: str


class RunOfList(Answer):
    """A run; ``closed_at`` is null while it is under way."""

    run_id: str
    game_date: date
    state: RunState
    expected_players: int
    opened_at: datetime
    closed_at: datetime | None
    note: str | None


class Runs(Answer):
    """The newest first."""

    runs: list[RunOfList]


class PlayerOfRun(Answer):
    """An expected player; ``outcome`` is null until it is known, ``player_id`` in runs of release 0.1.0."""

    player_lookup: str
    player_id: int | None
    game_id: str
    outcome: str | None


class Run(RunOfList):
    """``progress``: players by how they ended; ``outcomes``: of each player by his spelling, null while he is
    waited for; two of one spelling have their ids behind it. ``players``: the same with ids and games."""

    request: dict[str, Any]
    progress: dict[str, int]
    outcomes: dict[str, str | None]
    players: list[PlayerOfRun]
    rows_by_system: dict[str, int]
    reasons_by_system: dict[str, dict[str, int]]


class Ended(Answer):
    """Runs whose deadline had passed."""

    ended: list[str]


ActivePrediction = row_of(PLAYER_PROP_PREDICTIONS, "ActivePrediction", player_name=str | None)
SystemSignal = row_of(DAILY_PREDICTION_SIGNALS, "SystemSignal", evidence=list[Evidence])


class ActivePredictions(Answer):
    """Of a game date, by game, player and system."""

    game_date: date
    predictions: list[ActivePrediction]  # type: ignore[valid-type]


class Signals(Answer):
    """Of a game date, by system."""

    game_date: date
    signals: list[SystemSignal]  # type: ignore[valid-type]


class SystemCoverage(Answer):
    """``predictions`` = ``due`` + the ``undue``, which are counted by reason; ``coverage`` is 0-1.

    ``incomplete_box_score``: due rows that wait until the box score of their finished game is whole."""

    predictions: int
    due: int
    graded: int
    coverage: float | None
    level: Level
    undue: dict[str, int]
    incomplete_box_score: int


class Coverages(Answer):
    """By system."""

    systems: dict[str, SystemCoverage]


class CoordinatorHeartbeat(Heartbeat):
    """It has no models."""

    models: list[str]
    last_activity: datetime | None


ANSWERS: Answers = {
    "POST /start": Started,
    "GET /runs": Runs,
    "GET /runs/{run_id}": Run,
    "POST /check-stalled": Ended,
    "GET /predictions/{game_date}": ActivePredictions,
    "GET /signals/{game_date}": Signals,
    "GET /coverage": Coverages,
    "GET /health": Health,
    "GET /ready": Ready,
    "GET /heartbeat": CoordinatorHeartbeat,
}
