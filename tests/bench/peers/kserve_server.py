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
from kserve import InferOutput, InferRequest, InferResponse

LOOPBACK = "127.0.0.1"


class Loopback(uvicorn.Config):
    def __init__(self, *positional: Any, **named: Any) -> None:
        super().__init__(*positional, **(named | {"host": LOOPBACK, "access_log": False}))


class Points(kserve.Model):
    """The model as KServe's users write it: rows of numbers in, as JSON or as the bytes of a tensor, one thread
    a call."""

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
    ) -> Any:
        if isinstance(payload, InferRequest):
            return self._of_tensor(payload)
        rows = np.array(payload["instances"], dtype=np.float64)
        return {"predictions": self._model.predict(rows, thread_count=1).tolist()}

    def _of_tensor(self, asked: InferRequest) -> InferResponse:
        points = self._model.predict(asked.inputs[0].as_numpy(), thread_count=1)
        told = InferOutput("points", list(points.shape), "FP64")
        told.set_data_from_numpy(points, binary_data=True)
        return InferResponse(asked.id or "", self.name, [told])


if __name__ == "__main__":
    uvicorn.Config = Loopback  # type: ignore[misc]
    server = kserve.ModelServer(
        http_port=int(sys.argv[1]), enable_grpc=False, workers=1, enable_latency_logging=False
    )
    logging.disable(logging.INFO)  # a line for each request would only slow it down
    server.start([Points("points", sys.argv[2])])
