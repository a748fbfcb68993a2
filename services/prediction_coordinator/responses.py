"""Success responses of the coordinator for its OpenAPI document; responses are not validated against them."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec

from shared.application.grading.signals import Evidence
from shared.domain.coverage import Level
from shared.domain.vocabulary import RunState
from shared.schemas.messages import Instant
from shared.schemas.predictions import DAILY_PREDICTION_SIGNALS, PLAYER_PROP_PREDICTIONS
from shared.schemas.table import Table
from shared.web.health import Heartbeat
from shared.web.openapi import ResponseModel


def row_of(table: Table, name: str, **extra_fields: Any) -> type[msgspec.Struct]:
    """Return the response model of a table's row, with the ``extra_fields`` that a query adds."""
    types = {c.name: c.python_type for c in table.columns} | extra_fields
    for column in table.columns:
        if column.type == "TIMESTAMP":
            types[column.name] = Instant if column.mode == "REQUIRED" else Instant | None
    doc = {"__doc__": f"A row of ``{table.full_name}``."}
    return msgspec.defstruct(name, list(types.items()), bases=(ResponseModel,), namespace=doc)


class Started(ResponseModel):
    """A run that was opened; ``status_url`` returns its progress."""

    run_id: str
    expected_players: int
    published: int
    status_url: str


class RunOfList(ResponseModel):
    """A run; ``closed_at`` is null while it is running."""

    run_id: str
    game_date: date
    state: RunState
    expected_players: int
    opened_at: Instant
    closed_at: Instant | None
    note: str | None


class Runs(ResponseModel):
    """Runs, the newest first."""

    runs: list[RunOfList]


class PlayerOfRun(ResponseModel):
    """An expected player; ``outcome`` is null while it is pending, ``player_id`` in runs of release 0.1.0."""

    player_lookup: str
    player_id: int | None
    game_id: str
    outcome: str | None


class Run(RunOfList):
    """``progress``: players by kind of outcome. ``outcomes``: outcome by spelling of the player, null
    while it is pending; equal spellings get the id appended. ``players``: the same with ids and games."""

    request: dict[str, Any]
    progress: dict[str, int]
    outcomes: dict[str, str | None]
    players: list[PlayerOfRun]
    rows_by_system: dict[str, int]
    reasons_by_system: dict[str, dict[str, int]]


class Ended(ResponseModel):
    """Ids of the runs that were ended because their deadline had passed."""

    ended: list[str]


ActivePrediction = row_of(PLAYER_PROP_PREDICTIONS, "ActivePrediction", player_name=str | None)
SystemSignal = row_of(DAILY_PREDICTION_SIGNALS, "SystemSignal", evidence=list[Evidence])


class ActivePredictions(ResponseModel):
    """Active predictions of a game date, by game, player and system."""

    game_date: date
    predictions: list[ActivePrediction]  # type: ignore[valid-type]


class Signals(ResponseModel):
    """Signals of a game date, by system."""

    game_date: date
    signals: list[SystemSignal]  # type: ignore[valid-type]


class SystemCoverage(ResponseModel):
    """``predictions`` = ``due`` + the sum of ``undue``, which counts rows by reason; ``coverage`` is 0-1.

    ``incomplete_box_score``: due rows of finished games whose box score is not complete yet."""

    predictions: int
    due: int
    graded: int
    coverage: float | None
    level: Level
    undue: dict[str, int]
    incomplete_box_score: int


class Coverages(ResponseModel):
    """Grading coverage by system."""

    systems: dict[str, SystemCoverage]


class CoordinatorHeartbeat(Heartbeat):
    """Heartbeat of the coordinator; ``models`` is always empty."""

    models: list[str]
    last_activity: Instant | None
