"""Reference page of the messages between broker and services, from their classes."""

from __future__ import annotations

from typing import Any

import msgspec

from docs_tools import markdown
from docs_tools.reference.type_names import type_name
from shared.application.messaging.topics import COMPLETE_TOPIC, READY_TOPIC, REQUEST_TOPIC, START_TOPIC
from shared.schemas.messages import (
    SCHEMA_VERSION,
    LineQuote,
    PredictionReady,
    PredictionRequest,
    PredictionsComplete,
    RunRequested,
)

MESSAGES: tuple[tuple[str | None, type[msgspec.Struct]], ...] = (
    (START_TOPIC, RunRequested),
    (REQUEST_TOPIC, PredictionRequest),
    (None, LineQuote),
    (READY_TOPIC, PredictionReady),
    (COMPLETE_TOPIC, PredictionsComplete),
)


def page() -> str:
    about = f"""\
Messages are JSON, in base64 in `message.data` of a push envelope; the schema version is {SCHEMA_VERSION}. New
versions may add fields, but never rename them; readers ignore unknown fields. A message that can never be
processed is acknowledged and stored in `nba_predictions.rejected_messages`; one that may succeed later is
refused with 503. Attributes: `run_id`, and `traceparent` if the work has a trace."""
    return markdown.page("Messages", about, *(_message(*m) for m in MESSAGES))


def _message(topic: str | None, kind: type[msgspec.Struct]) -> str:
    described = msgspec.inspect.type_info(kind)
    assert isinstance(described, msgspec.inspect.StructType)
    rows = [(markdown.code(f.name), type_name(f.type, _link), _default(f)) for f in described.fields]
    place = f"On the topic `{topic}`." if topic else "A part of a prediction request."
    table = markdown.table(("field", "type", "if left out"), rows)
    return markdown.section(kind.__name__, place, markdown.plain(kind.__doc__), table)


def _link(class_: type) -> str:
    return f"[{class_.__name__}](#{class_.__name__.lower()})"


def _default(field: Any) -> str:
    if field.required:
        return "refused"
    if field.default is msgspec.NODEFAULT:
        return "empty"
    return markdown.code(msgspec.json.encode(field.default).decode())
