"""Where the time of a game date goes: ``python -m tests.bench.where`` prints a table of shares."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from shared.application.messaging.topics import to_outgoing
from shared.application.prediction.job_batch import add_commit, columns_from_requests
from shared.application.prediction.predict import Predict
from shared.application.prediction.stage import ready_message
from shared.application.prediction.staging_rows import SystemForecast, build_staging_rows
from shared.domain.systems.base import Forecast
from shared.domain.vocabulary import Role
from shared.schemas.messages import PredictionRequest, decode, unwrap
from tests.bench.game_day import stage
from tests.bench.served import Sink
from tests.bench.world import models, pushes
from tests.conftest import CLOCK

REPEATS = 41


def cpu(work: Callable[[], object]) -> float:
    """Least CPU seconds of many repeats: what the neighbours of a shared machine disturb least."""
    least = float("inf")
    for _ in range(REPEATS):
        begun = time.process_time()
        work()
        least = min(least, time.process_time() - begun)
    return least


def parts() -> dict[str, float]:
    """CPU seconds by part of the work, all messages of the date in one batch."""
    import numpy as np

    use = stage()
    predict = Predict(models())
    accepted = [use.accept(body) for body in pushes()]
    jobs, inputs = [job.request for job in accepted], [job.inputs for job in accepted]
    columns = add_commit(columns_from_requests(jobs, CLOCK.now()), "bench")
    batch, everybody = columns.batch, np.arange(len(jobs))
    told = {"envelope and message": cpu(lambda: [_decoded(body) for body in pushes()])}
    told["checks and hash of the features"] = cpu(lambda: [predict.check(job) for job in jobs])
    told["columns of the jobs"] = cpu(lambda: columns_from_requests(jobs, CLOCK.now(), inputs))
    forecasts: dict[str, Forecast] = {}
    rows = []
    for system in predict.systems:
        members = {m: forecasts[m] for m in system.members}
        kind = "three models" if "catboost" in system.system_id else "formulas and ensembles"
        told[kind] = told.get(kind, 0.0) + cpu(lambda s=system, m=members: s.forecast(batch, m))  # type: ignore[misc]
        forecasts[system.system_id] = system.forecast(batch, members)
        model = models().get(system.system_id)
        rows.append(SystemForecast(system, model, Role.CHAMPION, forecasts[system.system_id], everybody))
    told["rows as columns"] = cpu(lambda: build_staging_rows(columns, rows))
    table = build_staging_rows(columns, rows)
    told["bytes for the sink"] = cpu(lambda: Sink(0.0).append(None, table))
    said = predict(jobs, CLOCK.now()).outcomes
    told["reports"] = cpu(lambda: [to_outgoing(ready_message(j, s)) for j, s in zip(jobs, said, strict=True)])
    return told


def _decoded(body: bytes) -> PredictionRequest:
    return decode(unwrap(body).payload, PredictionRequest)


def main() -> int:
    told = parts()
    whole = sum(told.values())
    print("| part | share |\n|---|---|")  # noqa: T201
    for name, seconds in sorted(told.items(), key=lambda t: -t[1]):
        print(f"| {name} | {seconds / whole:.0%} |")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
