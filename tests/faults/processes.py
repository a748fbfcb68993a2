"""Coordinator and worker as they are wired, on ports that can be cut; their doors without HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from msgspec import structs

from shared.application.backfill.in_process import RunInProcess, ServedModels
from shared.application.messaging.rejected import KeepRejected
from shared.application.messaging.topics import READY_TOPIC, START_TOPIC
from shared.application.prediction.predict import Predict
from shared.application.prediction.stage import StageJobs
from shared.application.runs.activation import Activate
from shared.application.runs.jobs import PrepareJobs
from shared.application.runs.lifecycle import EndStalledRuns, FinishRun, RecordOutcome, Report, StartRun
from shared.application.runs.request import parse
from shared.embedded.clock import FixedClock
from shared.errors import AppError, Conflict, NotFound, Rejected
from shared.model_registry.loading import LoadedModel
from shared.ports import Publisher, RunStore, Warehouse
from shared.schemas.messages import PredictionReady, RunRequested, decode, unwrap
from tests.faults.stores import NOW

SYSTEMS = ("moving_average", "zone_matchup_v1", "catboost_v9")


@dataclass
class TinyModel:
    """Half of the first two features; raises for rows whose first feature is in ``refuses``."""

    refuses: dict[float, Exception] = field(default_factory=dict)

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        for first, error in self.refuses.items():
            if (inputs[:, 0] == first).any():
                raise error
        return np.nanmean(inputs[:, :2], axis=1)


def loaded(name: str, model: TinyModel) -> LoadedModel:
    return LoadedModel("catboost_v9", name, f"sha-of-{name}", f"{name}.cbm", True, model, None)


def errors() -> list[Exception]:
    """What a model may raise; the adapter of a library has turned the library's own into ``Rejected``."""
    return [
        Rejected("bad row"),
        RuntimeError("bad row"),
        TypeError("bad row"),
        KeyError("bad row"),
        FloatingPointError("bad row"),
    ]


@dataclass(frozen=True)
class Ports:
    warehouse: Warehouse
    runs: RunStore
    publisher: Publisher


class Coordinator:
    """``skew``: how far its clocks are off."""

    def __init__(self, ports: Ports, skew: timedelta) -> None:
        clock = FixedClock(NOW + skew)
        finish = FinishRun(ports.runs, Activate(ports.warehouse, ports.publisher, clock))
        prepare = PrepareJobs(ports.warehouse)
        self._start = StartRun(prepare, ports.runs, ports.publisher, finish, clock)
        self._record = RecordOutcome(ports.runs, finish)
        self._check = EndStalledRuns(ports.runs, finish)
        self._keep = KeepRejected(ports.warehouse, "prediction-coordinator")
        self._skew, self._clock = skew, clock

    def start(self, asked: RunRequested) -> str:
        return self._start(parse(asked, self._clock.now())).run_id

    def complete(self, bodies: Sequence[bytes]) -> None:
        """Messages that arrived together: one batch."""
        reports = []
        for body in bodies:
            try:
                ready = decode(unwrap(body).payload, PredictionReady)
                self._record.check(ready)
                reports.append(Report(ready))
            except (Rejected, NotFound) as exc:
                self._keep(body, str(exc), READY_TOPIC)
        if reports:
            self._record.record_all(reports)

    def pubsub_start(self, body: bytes) -> None:
        try:
            self.start(decode(unwrap(body).payload, RunRequested))
        except (Rejected, NotFound, Conflict) as exc:
            self._keep(body, str(exc), START_TOPIC)

    def check_stalled(self, later: timedelta) -> None:
        self._check(datetime.now(UTC) + self._skew + later)


class JobProcess:
    """A backfill's run: everything in one process, and what it holds dies with it."""

    def __init__(self, ports: Ports, skew: timedelta, model: LoadedModel, shadow: LoadedModel) -> None:
        self._run = RunInProcess(ports.warehouse, ports.runs, ports.publisher, FixedClock(NOW + skew), "job")
        self._model, self._shadow = model, shadow

    def run(self, asked: RunRequested) -> None:
        request = structs.replace(parse(asked, NOW), job="backfill")
        serving = ServedModels({self._model.system_id: self._model}, [self._shadow], "commit")
        (said,) = self._run([request], serving, {}, 0.0).values()
        if isinstance(said, AppError):
            raise said


class Worker:
    def __init__(self, ports: Ports, skew: timedelta, model: LoadedModel, shadow: LoadedModel) -> None:
        predict = Predict({model.system_id: model}, "commit", [shadow])
        keep = KeepRejected(ports.warehouse, "prediction-worker")
        self._stage = StageJobs(predict, ports.warehouse, ports.publisher, keep, FixedClock(NOW + skew))

    def predict(self, bodies: Sequence[bytes]) -> None:
        """Messages that arrived together: one batch."""
        jobs = []
        for body in bodies:
            try:
                jobs.append(self._stage.accept(body))
            except Rejected as exc:
                self._stage.refuse(body, str(exc))
        if jobs:
            self._stage(jobs)
