"""Messages between the services. Fields are added, never renamed.

Unknown fields of messages between programs are ignored: a newer sender may add some. A run request is
typed by people: ignoring a part of it would start a different run, so an unknown field is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, NamedTuple, TypeVar

import msgspec
from annotated_types import Interval, MaxLen

from shared.domain.features.context import CONTEXT
from shared.domain.features.contract import FEATURES
from shared.domain.players.roster import DEFAULT_MIN_MINUTES
from shared.domain.vocabulary import RunMode
from shared.errors import Rejected

SCHEMA_VERSION = 1
FEATURE_VERSION = "v2_33features"

MAX_NUMBER = 1e6
"""Largest absolute value of a number: none in basketball is larger, and its square does not overflow."""

MIN_ODDS = 100
"""Smallest absolute value of American odds."""

Number = Annotated[float, msgspec.Meta(ge=-MAX_NUMBER, le=MAX_NUMBER)]
_ODDS = {"not": {"exclusiveMinimum": -MIN_ODDS, "exclusiveMaximum": MIN_ODDS}}
Price = Annotated[int, msgspec.Meta(ge=-int(MAX_NUMBER), le=int(MAX_NUMBER), extra_json_schema=_ODDS)]
Instant = Annotated[datetime, msgspec.Meta(tz=True)]

Message = TypeVar("Message", bound="msgspec.Struct")


class LineQuote(msgspec.Struct, frozen=True, omit_defaults=True):
    """The line that the systems use, and its origin. ``value`` in points, prices in American odds."""

    value: Number
    book: str
    quote_id: str
    precision: str
    over_price: Price | None = None
    under_price: Price | None = None
    captured_at: Instant | None = None

    @staticmethod
    def from_row(row: Mapping[str, Any]) -> LineQuote | None:
        """Return the line of a row of the feature store, None without one."""
        if row[STORED_LINE["value"]] is None:
            return None
        return LineQuote(**{field: row[column] for field, column in STORED_LINE.items()})


STORED_LINE = {field: f"line_{field}" for field in LineQuote.__struct_fields__}
"""Column of the feature store by field of ``LineQuote``."""

STAGED_LINE = STORED_LINE | {"value": "current_points_line", "book": "sportsbook"}
"""Column of staged and active predictions by field of ``LineQuote``."""

QUOTED_LINE = {field: field for field in STORED_LINE} | {
    "value": "points_line", "book": "bookmaker", "precision": "captured_precision",
}  # fmt: skip
"""Column of the quotes by field of ``LineQuote``."""


class PredictionRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=False):
    """One player's job: all inputs of the worker, from one feature snapshot.

    ``features`` holds the 33 values of the contract in order, null where missing. ``recent`` is a flat
    list of past games, newest first, five numbers each. ``context`` holds the other inputs of a forecast
    without a line, null where missing; it is empty for a snapshot without them. ``in_sample`` lets models run
    on games that they were trained on: such rows are marked, never active and never counted.
    """

    schema_version: int
    run_id: str
    game_date: date
    game_id: str
    player_lookup: str
    player_id: int
    team_abbr: str
    opponent_team_abbr: str
    systems: list[str]
    mode: RunMode
    as_of: Instant
    feature_version: str
    feature_snapshot_id: str
    feature_hash: str
    feature_quality_score: Number
    features: list[Number | None]
    league_def_rating: Number | None
    days_rest: Number | None
    recent: list[Number]
    line: LineQuote | None = None
    tipoff: Instant | None = None
    in_sample: bool = False
    context: list[Number | None] = []


class PredictionReady(msgspec.Struct, frozen=True):
    """The outcome of one player's job; ``systems`` gives ``predicted`` or a reason for each system.

    ``player_id`` is None in messages of workers of release 0.1.0, which send the spelling only.
    """

    schema_version: int
    run_id: str
    player_lookup: str
    outcome: str
    systems: dict[str, str]
    player_id: int | None = None


class PredictionsComplete(msgspec.Struct, frozen=True):
    """A run has ended."""

    schema_version: int
    run_id: str
    game_date: date
    state: str
    predicted: int
    skipped: int
    failed: int


MAX_MINUTES = 48
MAX_REASON_CHARACTERS = 500


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a run of any game date, with defaults and bounds.

    ``accept_findings`` activates systems whose batch of predictions the checks would hold.
    """

    force: bool = False
    skip_mlfs_check: bool = False
    systems: Sequence[str] | None = None
    min_minutes: Annotated[float, Interval(ge=0, le=MAX_MINUTES)] = DEFAULT_MIN_MINUTES
    reason: Annotated[str, MaxLen(MAX_REASON_CHARACTERS)] | None = None
    accept_findings: bool = False


class RunRequested(RunOptions, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """The request body of ``POST /start`` and the message of its topic."""

    game_date: str
    allow_started: bool = False
    schema_version: int = SCHEMA_VERSION


class _PushMessage(msgspec.Struct, rename="camel"):
    data: bytes = b""
    message_id: str = ""
    attributes: dict[str, str] | None = None


class PushEnvelope(msgspec.Struct):
    """The body of a Pub/Sub push request: the payload is base64 in ``message.data``."""

    message: _PushMessage


class Envelope(NamedTuple):
    """The content of a push: the broker's message id, the attributes, the payload."""

    message_id: str
    attributes: Mapping[str, str]
    payload: bytes


MALFORMED = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""Errors of decoding; deeply nested brackets raise the last one."""

_envelopes = msgspec.json.Decoder(PushEnvelope)
_encoder = msgspec.json.Encoder()


def encode(message: msgspec.Struct) -> bytes:
    return _encoder.encode(message)


def unwrap(body: bytes) -> Envelope:
    """Decode a push envelope; ``Rejected`` names the error and the expected format."""
    try:
        message = _envelopes.decode(body).message
    except MALFORMED as exc:
        if "base64" in str(exc):
            raise Rejected(f"push envelope: message.data is not base64 ({exc})") from exc
        raise Rejected(f"push envelope: {exc}; expected JSON with message.data in base64") from exc
    return Envelope(message.message_id, message.attributes or {}, message.data)


def wrap(payload: bytes, message_id: str, attributes: Mapping[str, str]) -> bytes:
    """Encode a message as the envelope of a push; the inverse of ``unwrap``."""
    return _encoder.encode(PushEnvelope(_PushMessage(payload, message_id, dict(attributes))))


def decode(payload: bytes, kind: type[Message]) -> Message:
    """Decode a message of type ``kind``; ``Rejected`` names the invalid field."""
    try:
        message: Message = _decoder(kind).decode(payload)
    except MALFORMED as exc:
        raise Rejected(f"{kind.__name__}: {exc}") from exc
    version = getattr(message, "schema_version", SCHEMA_VERSION)
    if version != SCHEMA_VERSION:
        raise Rejected(f"{kind.__name__}: schema_version {version}, expected {SCHEMA_VERSION}")
    return message


@cache
def _decoder(kind: type[Message]) -> msgspec.json.Decoder[Message]:
    return msgspec.json.Decoder(kind)


def check_features(values: list[float | None]) -> None:
    """Refuse a vector that is not 33 finite numbers or nulls."""
    _check_numbers("features", FEATURES, values)


def check_context(values: list[float | None]) -> None:
    """Refuse a context that is neither empty nor 29 finite numbers or nulls."""
    if values:
        _check_numbers("context", CONTEXT, values)


def check_prices(line: LineQuote | None) -> None:
    """Refuse a line whose prices are not American odds."""
    for price in (line.over_price, line.under_price) if line else ():
        if price is not None and abs(price) < MIN_ODDS:
            raise Rejected(f"line: price {price}, expected American odds of +100 or more, -100 or less")


def _check_numbers(field: str, names: tuple[str, ...], values: list[float | None]) -> None:
    if len(values) != len(names):
        raise Rejected(f"{field}: {len(values)} values, expected {len(names)}")
    for name, value in zip(names, values, strict=True):
        if value is not None and not math.isfinite(value):
            raise Rejected(f"{field}: {name} is {value}, expected a finite number or null")
