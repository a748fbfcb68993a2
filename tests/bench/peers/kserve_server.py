"""KServe's Python server with one CatBoost model: ``kserve_server.py PORT MODEL.cbm``, on loopback only.

Runs in the peers' own environment. KServe binds every address of the machine and has no option for less, so the
address is replaced where it hands it to uvicorn.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import catboost
import kserve
import numpy as np
import uvicorn

LOOPBACK = "127.0.0.1"


class Loopback(uvicorn.Config):
    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **(named | {"host": LOOPBACK, "access_log": False}))


class Points(kserve.Model):
    """The model as KServe's users write it: rows of numbers in, one thread a call."""

    def __init__(self, name: str, path: str) -> None:
        super().__init__(name)
        self._model = catboost.CatBoostRegressor()
        self._model.load_model(path)
        self.ready = True

    def predict(
        self,
        payload: Any,
        headers: dict[str, str] | None = None,  # noqa: ARG002
        response_headers: dict[str, str] | None = None,  # noqa: ARG002
    ) -> dict[str, list[float]]:
        rows = np.array(payload["instances"], dtype=np.float64)
        return {"predictions": self._model.predict(rows, thread_count=1).tolist()}


if __name__ == "__main__":
    uvicorn.Config = Loopback  # type: ignore[misc]
    server = kserve.ModelServer(
        http_port=int(sys.argv[1]), enable_grpc=False, workers=1, enable_latency_logging=False
    )
    logging.disable(logging.INFO)  # a line for each request would only slow it down
    server.start([Points("points", sys.argv[2])])
