"""Checks of the rows of one file; each marks the bad rows of a table with the contract's types."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Check:
    """``is_bad`` returns a boolean per row; the error names the first bad row, ``column`` and ``reason``."""

    column: str
    reason: str
    is_bad: Callable[[pa.Table], pa.ChunkedArray]


def not_null(*columns: str) -> tuple[Check, ...]:
    def check(column: str) -> Check:
        return Check(column, "is null, expected a value", lambda t: pc.is_null(t[column]))

    return tuple(check(c) for c in columns)


def in_range(column: str, low: float, high: float) -> Check:
    return Check(
        column,
        f"expected {low:g} to {high:g}",
        lambda t: pc.or_(pc.less(t[column], low), pc.greater(t[column], high)),
    )


def at_least_zero(*columns: str) -> tuple[Check, ...]:
    def check(column: str) -> Check:
        return Check(column, "is less than 0", lambda t: pc.less(t[column], 0))

    return tuple(check(c) for c in columns)


def among(column: str, *values: str) -> Check:
    return Check(
        column,
        f"expected one of {', '.join(values)}",
        lambda t: pc.and_(pc.invert(pc.is_in(t[column], pa.array(values))), pc.is_valid(t[column])),
    )


def matches(column: str, pattern: str, reason: str) -> Check:
    return Check(column, reason, lambda t: pc.invert(pc.match_substring_regex(t[column], pattern)))


def team_code(column: str) -> Check:
    return matches(column, r"^[A-Z]{2,4}$", "expected a team code of two to four capital letters")


def repeated(*key: str) -> Check:
    """Mark all rows of a key that occurs more than once; rows with a null in the key are ignored."""

    def is_bad(t: pa.Table) -> pa.ChunkedArray:
        joined = pc.binary_join_element_wise(*(pc.cast(t[k], pa.string()) for k in key), "|")
        counts = pc.value_counts(joined)
        repeated_keys = counts.filter(pc.greater(counts.field("counts"), 1)).field("values")
        return pc.and_(pc.is_in(joined, value_set=repeated_keys), pc.is_valid(joined))

    return Check(key[-1], f"a second row of the same {' and '.join(key)}", is_bad)


def season_mismatch(rows: pa.Table) -> pa.ChunkedArray:
    """Mark seasons that are not two consecutive years, or that ``game_date`` does not belong to.

    A season has dates from August of its first year to October of its second: 2019-20 ended on 11 October.
    """
    coded = pc.dictionary_encode(rows["season"]).combine_chunks()
    first_years = [_first_year(word) for word in coded.dictionary.to_pylist()]
    year = pa.array(first_years, pa.int64()).take(coded.indices)
    month = pc.add(
        pc.multiply(pc.subtract(pc.year(rows["game_date"]), year), 12), pc.month(rows["game_date"])
    )
    is_other = pc.or_(pc.less(month, 8), pc.greater(month, 22))
    return pc.or_(pc.fill_null(is_other, False), pc.and_(pc.is_null(year), pc.is_valid(rows["season"])))


def _first_year(season: str | None) -> int | None:
    if season is None or not re.fullmatch(r"\d{4}-\d{2}", season):
        return None
    year = int(season[:4])
    return year if int(season[5:]) == (year + 1) % 100 else None


def required_with(column: str, other: str) -> Check:
    return Check(
        column,
        f"is null although {other} is given",
        lambda t: pc.and_(pc.is_null(t[column]), pc.is_valid(t[other])),
    )


def points_do_not_add_up(t: pa.Table) -> pa.ChunkedArray:
    computed = pc.add(pc.add(pc.multiply(t["fgm"], 2), t["fg3m"]), t["ftm"])
    return pc.not_equal(t["points"], computed)


def required_if_played(column: str) -> Check:
    return Check(
        column, "is null although did_play is true", lambda t: pc.and_(t["did_play"], pc.is_null(t[column]))
    )


def zero_unless_played(column: str) -> Check:
    """Sources write 0 for a player who did not play; more than that contradicts it."""
    return Check(
        column,
        "is more than 0 although did_play is false",
        lambda t: pc.and_(pc.invert(t["did_play"]), pc.greater(t[column], 0)),
    )


def multiple_of_half(column: str) -> Check:
    return Check(
        column,
        "is not a multiple of 0.5",
        lambda t: pc.not_equal(pc.round(pc.multiply(t[column], 2.0)), pc.multiply(t[column], 2.0)),
    )


def american_odds(column: str) -> Check:
    return Check(
        column,
        "is not a price in American odds, which is -100 or less, or 100 or more",
        lambda t: pc.less(pc.abs(t[column]), 100),
    )
