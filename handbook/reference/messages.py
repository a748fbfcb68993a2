"""The messages between broker and services, of their classes."""

from __future__ import annotations

from datetime import datetime
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

from handbook import markdown
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
JSON, in a push envelope's `message.data` as base64; the schema version is {SCHEMA_VERSION}. Fields are
added, never renamed, and a reader leaves those alone that it does not know. A message that can never be
understood is acknowledged and kept in `nba_predictions.rejected_messages`; one that may succeed later
is refused with 503. Attributes: `run_id`, and `traceparent` where the work has a trace."""
    return markdown.page("Messages", about, *(_message(*m) for m in MESSAGES))


def _message(topic: str | None, kind: type[msgspec.Struct]) -> str:
    hints = get_type_hints(kind)
    rows = [(markdown.code(f.name), _type(hints[f.name]), _default(f)) for f in msgspec.structs.fields(kind)]
    where = f"On the topic `{topic}`." if topic else "A part of a prediction request."
    table = markdown.table(("field", "type", "where it is left out"), rows)
    return "\n\n".join((f"## {kind.__name__}", where, markdown.plain(kind.__doc__), table))


def _type(hint: Any) -> str:
    """A type in the words of JSON."""
    origin, inner = get_origin(hint), get_args(hint)
    if hint in NAMES:
        return NAMES[hint]
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    if origin is list:
        return f"list of {_type(inner[0])}"
    if origin is dict:
        return f"object of {_type(inner[1])} by name"
    if all(isinstance(i, str) for i in inner):
        return " or ".join(inner)
    return " or ".join(_type(i) for i in inner)


NAMES: dict[Any, str] = {
    str: "text", int: "whole number", float: "number", bool: "true or false", type(None): "null",
    datetime: "instant with its zone",
}  # fmt: skip


def _default(field: Any) -> str:
    if field.required:
        return "refused"
    if field.default is msgspec.NODEFAULT:
        return "empty"
    return markdown.code(msgspec.json.encode(field.default).decode())
