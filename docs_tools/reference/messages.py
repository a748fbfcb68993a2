"""Reference page of the messages between broker and services, from their classes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from docs_tools import markdown
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
    hints = get_type_hints(kind)
    rows = [(markdown.code(f.name), _type(hints[f.name]), _default(f)) for f in msgspec.structs.fields(kind)]
    place = f"On the topic `{topic}`." if topic else "A part of a prediction request."
    table = markdown.table(("field", "type", "if left out"), rows)
    return "\n\n".join((f"## {kind.__name__}", place, markdown.plain(kind.__doc__), table))


def _type(hint: Any) -> str:
    """Return the name of a type in JSON terms."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint in TYPE_NAMES:
        return TYPE_NAMES[hint]
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    if origin is list:
        return f"list of {_type(inner[0])}"
    if origin is dict:
        return f"object of {_type(inner[1])} by name"
    if all(isinstance(i, str) for i in inner):
        return " or ".join(inner)
    return " or ".join(_type(i) for i in inner)


TYPE_NAMES: dict[Any, str] = {
    str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "null",
    datetime: "instant with zone",
}  # fmt: skip


def _default(field: Any) -> str:
    if field.required:
        return "refused"
    if field.default is msgspec.NODEFAULT:
        return "empty"
    return markdown.code(msgspec.json.encode(field.default).decode())
