"""One side of a comparison as a server of its own: ``python -m tests.bench.served SIDE PORT SINK_SECONDS ONLY``.

``ours`` is the worker as ``services.prediction_worker.main`` wires it, with a sink and a publisher that take the
time they are told and keep nothing; ``naive`` the old shape with the same sink; ``hello`` a bare ASGI application
that reads the body and answers 204: no framework, no work, and so the ceiling of any Python server here.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

PREDICTIONS = "nba_predictions.prediction_staging"


class Sink:
    """A warehouse whose append takes ``seconds``; it makes the bytes that would be sent and counts them."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.appends, self.rows = seconds, 0, 0

    def append(self, _table: Any, rows: Any) -> None:
        for batch in rows.to_batches():
            batch.serialize()
        self.appends += 1
        self.rows += rows.num_rows
        if self.seconds:
            time.sleep(self.seconds)

    def query(self, *_: Any) -> Any:
        return SimpleNamespace(to_pylist=list, num_rows=0)


class Nowhere:
    """A publisher that keeps nothing."""

    def publish(self, topic: str, messages: Sequence[Any]) -> None:
        pass


def ours(port: int, sink_seconds: float, paths: dict[str, str]) -> None:
    gc.disable()  # as its ``__main__`` does
    from services.prediction_worker.app import build
    from services.prediction_worker.main import make
    from services.prediction_worker.settings import WorkerSettings
    from shared.backends import Backend
    from shared.embedded.clock import SystemClock
    from shared.embedded.model_store import DirectoryModelStore
    from shared.runtime.pyarrow_without_pandas import keep_pandas_out
    from shared.web.serving import serve

    keep_pandas_out()
    variables: Any = {f"{system}_model_path": path for system, path in paths.items()}
    settings = WorkerSettings(**variables, port=port)
    backend = SimpleNamespace(
        warehouse=Sink(sink_seconds),
        publisher=Nowhere(),
        models=DirectoryModelStore(),
        clock=SystemClock(),
    )
    worker = make(settings, cast(Backend, backend))
    serve(build(lambda: worker, settings.auth_policy(), settings.limits()), port, "127.0.0.1")


def naive(port: int, sink_seconds: float, paths: dict[str, str]) -> None:
    from tests.bench.naive import build

    _run(build(paths, sink_seconds), port)


def hello(port: int, _sink_seconds: float, _paths: dict[str, str]) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        more = True
        while more:
            more = (await receive()).get("more_body", False)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    _run(app, port)


def _run(app: Any, port: int) -> None:
    import uvicorn

    options = {"access_log": False, "proxy_headers": False}  # as ours is served
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning", lifespan="off", **options)


SIDES = {"ours": ours, "naive": naive, "hello": hello}

if __name__ == "__main__":
    paths = json.loads((Path(__file__).parents[2] / ".bench" / "world" / "models.json").read_text())
    side, port, sink_seconds, only = sys.argv[1:]
    wanted = {system: path for system, path in paths.items() if only in ("", system)}
    SIDES[side](int(port), float(sink_seconds), wanted)
