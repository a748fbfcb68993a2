"""Rows that a caller brings along to be predicted, as ``POST /predict/batch`` takes them."""

from __future__ import annotations

import math
from typing import Annotated, Any

import msgspec

from shared.domain.features.context import ALL_INPUTS
from shared.schemas.messages import MALFORMED, Number, Price

MOST_ROWS = 5000

_FEATURES: list[tuple[str, Any, Any]] = [(name, Number | None, math.nan) for name in ALL_INPUTS]
Features = msgspec.defstruct("Features", _FEATURES, frozen=True, forbid_unknown_fields=True, gc=False)
"""The features of one row by name; null is missing, absent is NaN, which means the same."""


class Row(msgspec.Struct, frozen=True, gc=False):
    """One row: features, by name or in the order of ``Rows.columns``, a line in points, American odds, and
    what two systems want beside them."""

    features: Features | list[Number | None]  # type: ignore[valid-type]
    line: Number | None = None
    over_price: Price | None = None
    under_price: Price | None = None
    league_def_rating: Number | None = None
    days_rest: Number | None = None


class Rows(msgspec.Struct, frozen=True):
    rows: Annotated[list[Row], msgspec.Meta(min_length=1, max_length=MOST_ROWS)]
    systems: list[str] | None = None
    columns: list[str] | None = None


_decoder = msgspec.json.Decoder(Rows)


def read_rows(body: bytes) -> Rows | None:
    """Rows that are right in form, None for all others: who is to say what is wrong with them looks again."""
    try:
        return _decoder.decode(body)
    except MALFORMED:
        return None
