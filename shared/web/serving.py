"""Serving an application until SIGTERM or Ctrl-C."""

from __future__ import annotations

import gc
import signal
from contextlib import suppress
from types import FrameType

import uvicorn
from fastapi import FastAPI

from shared.runtime.malloc import keep_freed_memory

DRAIN_SECONDS = 5
"""Time for open requests to finish. Cloud Run kills a process 10 s after SIGTERM, closing included."""

GC_THRESHOLD = 50_000
"""Number of new objects that starts a garbage collection. 80 open requests hold some thousand objects, so the
default would collect several times per batch and free nothing."""


def serve(app: FastAPI, port: int, host: str) -> None:
    """Serve until SIGTERM or Ctrl-C, then give open requests ``DRAIN_SECONDS`` to finish, and return.

    uvicorn raises a SIGTERM again after its shutdown; without a handler the process would end immediately.
    """
    signal.signal(signal.SIGTERM, _raise_shutdown_signal)
    keep_freed_memory()
    gc.freeze()  # imported modules live as long as the process: the collector can skip them
    gc.set_threshold(GC_THRESHOLD)
    gc.enable()
    with suppress(ShutdownSignal):
        uvicorn.run(
            app,
            host=host,
            port=port,
            log_config=None,
            log_level="warning",
            access_log=False,
            proxy_headers=False,  # the client address is not used
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )


class ShutdownSignal(BaseException):
    """Raised on the second SIGTERM; not an ``Exception``, so that no error handler catches it."""


def _raise_shutdown_signal(_number: int, _frame: FrameType | None) -> None:
    raise ShutdownSignal
