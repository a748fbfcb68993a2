"""Log format for Cloud Logging: one JSON object per line; plain text on a terminal."""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from pythonjsonlogger.json import JsonFormatter

from shared.observability import tracing

NOISY_LIBRARIES = ("httpx", "httpcore", "google", "urllib3", "matplotlib")
"""Libraries that log every call at INFO."""


def configure_logging(
    service: str, commit: str, project: str | None = None, stream: TextIO | None = None
) -> None:
    """Send every logger of the process through one handler on standard output.

    Replaces the previous configuration, so a second call is harmless. ``project`` is the Google Cloud project
    of the traces that the lines belong to.
    """
    stream = stream or sys.stdout
    handler = logging.StreamHandler(stream)
    static_fields = {"service": service, "revision": os.environ.get("K_REVISION", "local"), "commit": commit}
    handler.setFormatter(_Text(service) if stream.isatty() else _Json(static_fields, project))
    logging.basicConfig(handlers=[handler], level=logging.INFO, force=True)
    for name in NOISY_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Json(JsonFormatter):
    """Writes severity, time, message and trace under the field names that Cloud Logging interprets."""

    def __init__(self, static_fields: dict[str, str], project: str | None) -> None:
        super().__init__(
            ["levelname", "message", "name"],
            rename_fields={"levelname": "severity", "name": "logger", "exc_info": "exception"},
            static_fields=static_fields,
            json_ensure_ascii=False,
        )
        self._project = project

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        super().add_fields(log_data, record, message_dict)
        log_data["time"] = datetime.fromtimestamp(record.created, UTC).isoformat()
        trace = tracing.current()
        if trace is None:
            return
        if self._project:
            log_data["logging.googleapis.com/trace"] = f"projects/{self._project}/traces/{trace.trace_id}"
        else:
            log_data["trace"] = trace.trace_id
        log_data["logging.googleapis.com/spanId"] = trace.span_id


class _Text(logging.Formatter):
    def __init__(self, service: str) -> None:
        super().__init__(f"%(asctime)s %(levelname)-7s {service}: %(message)s", "%H:%M:%S")
