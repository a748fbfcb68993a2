"""Grade the active predictions of finished games against what the players did."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from shared.domain.grading import Outcome, grade
from shared.ports import Warehouse
from shared.schemas.predictions import PREDICTION_ACCURACY
from shared.warehouse.statements import statement

FINAL = 3


@dataclass(frozen=True)
class Graded:
    """Rows by outcome, PENDING among them; ``by_system`` counts graded rows, ``void`` players' rows."""

    outcomes: dict[str, int]
    by_system: dict[str, int]
    changed: int


class GradePredictions:
    """Upserts one row per key: grading again with the same box scores changes nothing."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def __call__(self, first: date, last: date) -> Graded:
        rows = self._warehouse.query(statement("gradable_predictions", first=first, last=last)).to_pylist()
        now = datetime.now(UTC)
        outcomes = [_outcome(row) for row in rows]
        done = [
            _accuracy(row, outcome, now)
            for row, outcome in zip(rows, outcomes, strict=True)
            if outcome is not Outcome.PENDING
        ]
        changed = 0
        if done:
            table = pa.Table.from_pylist(done, schema=PREDICTION_ACCURACY.arrow_schema)
            changed = self._warehouse.upsert(PREDICTION_ACCURACY, table)
        return Graded(
            dict(Counter(o.value for o in outcomes)), dict(Counter(r["system_id"] for r in done)), changed
        )


def _outcome(row: dict[str, Any]) -> Outcome:
    return grade(
        row["recommendation"],
        row["current_points_line"],
        row["points"],
        final=row["game_status"] == FINAL,
        played=row["is_dnp"] is False,
    )


def _accuracy(row: dict[str, Any], outcome: Outcome, now: datetime) -> dict[str, Any]:
    void = outcome is Outcome.VOID
    gap = None if void else round(row["predicted_points"] - row["points"], 1)
    return {
        "game_date": row["game_date"],
        "game_id": row["game_id"],
        "player_lookup": row["player_lookup"],
        "system_id": row["system_id"],
        "model_key": row["model_sha256"] or "formula",
        "prediction_id": row["prediction_id"],
        "role": row["role"],
        "prediction_run_mode": row["prediction_run_mode"],
        "predicted_points": row["predicted_points"],
        "confidence_score": row["confidence_score"],
        "recommendation": row["recommendation"],
        "line_value": row["current_points_line"],
        "actual_points": None if void else row["points"],
        "minutes_played": row["minutes_played"],
        "absolute_error": None if gap is None else abs(gap),
        "signed_error": gap,
        "outcome": outcome.value,
        "prediction_correct": {Outcome.HIT: True, Outcome.MISS: False}.get(outcome),
        "is_voided": void,
        "void_reason": (row["dnp_reason"] or "not in the box score") if void else None,
        "graded_at": now,
    }
