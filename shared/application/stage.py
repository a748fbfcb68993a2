"""The worker's main job: jobs in, one append of rows, one outcome reported per player."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa

from shared.application.predict import PREDICTED, Predict, Predicted
from shared.application.rejects import KeepRejected
from shared.errors import Rejected
from shared.ports import Clock, Outgoing, Publisher, Warehouse
from shared.schemas.messages import (
    SCHEMA_VERSION,
    PredictionReady,
    PredictionRequest,
    decode,
    encode,
    unwrap,
)
from shared.schemas.predictions import PREDICTION_STAGING

READY_TOPIC = "prediction-ready"


@dataclass(frozen=True)
class Job:
    """A message that passed every check, and the body it came in."""

    message_id: str
    request: PredictionRequest
    body: bytes


class StageJobs:
    """Write first, then report; the caller acknowledges after both."""

    def __init__(
        self,
        predict: Predict,
        warehouse: Warehouse,
        publisher: Publisher,
        keep_rejected: KeepRejected,
        clock: Clock,
    ) -> None:
        self._predict = predict
        self._keep = keep_rejected
        self._warehouse = warehouse
        self._publisher = publisher
        self._clock = clock

    def accept(self, body: bytes) -> Job:
        """``Rejected`` for anything that can never be predicted."""
        message_id, payload = unwrap(body)
        request = decode(payload, PredictionRequest)
        self._predict.check(request)
        return Job(message_id, request, body)

    def refuse(self, body: bytes, reason: str) -> None:
        """Keep a message that can never succeed, and end its player's wait where he can be named."""
        self._keep(body, reason)
        named = _named(body)
        if named:
            self._report([PredictionReady(SCHEMA_VERSION, *named, "failed:rejected_message", {})])

    def __call__(self, jobs: Sequence[Job]) -> None:
        """``Unavailable`` where rows or reports could not be stored: deliver all of them again."""
        predicted, good = self._predict_all(jobs)
        if predicted.rows.num_rows:
            self._warehouse.append(PREDICTION_STAGING, predicted.rows)
        self._report([_ready(j.request, s) for j, s in zip(good, predicted.systems, strict=True)])

    def _predict_all(self, jobs: Sequence[Job]) -> tuple[Predicted, list[Job]]:
        """All at once; where that fails one by one, keeping the culprits apart from the rest."""
        now = self._clock.now()
        try:
            return self._predict([j.request for j in jobs], now), list(jobs)
        except (Rejected, ValueError, ArithmeticError):
            good, parts = [], []
            for job in jobs:
                try:
                    parts.append(self._predict([job.request], now))
                    good.append(job)
                except (Rejected, ValueError, ArithmeticError) as exc:
                    self.refuse(job.body, f"prediction failed: {exc}")
            tables = [p.rows for p in parts] or [PREDICTION_STAGING.arrow_schema.empty_table()]
            return Predicted(pa.concat_tables(tables), [p.systems[0] for p in parts]), good

    def _report(self, outcomes: list[PredictionReady]) -> None:
        if outcomes:
            self._publisher.publish(READY_TOPIC, [Outgoing(encode(o)) for o in outcomes])


def _ready(job: PredictionRequest, systems: dict[str, str]) -> PredictionReady:
    """A player is predicted if any system predicted him; else the first system says why not."""
    if PREDICTED in systems.values():
        outcome = PREDICTED
    else:
        outcome = f"skipped:{next(iter(systems.values()), 'no_system_asked')}"
    return PredictionReady(SCHEMA_VERSION, job.run_id, job.player_lookup, outcome, systems)


def _named(body: bytes) -> tuple[str, str] | None:
    """Run and player of a body, as far as they can be read; the plain decoder reads NaN as well."""
    try:
        plain = json.loads(unwrap(body)[1])
    except (Rejected, ValueError, RecursionError):
        return None
    names = (plain.get("run_id"), plain.get("player_lookup")) if isinstance(plain, dict) else (None, None)
    run_id, player = (n if isinstance(n, str) and n.isprintable() else None for n in names)
    return (run_id, player) if run_id and player else None
