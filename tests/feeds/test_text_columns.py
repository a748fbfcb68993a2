"""Columns of CSV and Parquet files as values."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.text_columns import (
    dates,
    decimal,
    is_word,
    joined,
    read_table,
    refuse_null,
    text,
    whole,
    yes,
)

Reader = Callable[[RawFile, pa.Table, str], pa.Array]


def csv(*values: str) -> RawFile:
    return RawFile("f.csv", "\n".join(["x,y", *(f"{v},1" for v in values)]).encode())


def parquet(values: pa.Array) -> RawFile:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"x": values}), buffer)
    return RawFile("f.parquet", buffer.getvalue())


def read(reader: Reader, raw: RawFile) -> list[Any]:
    return list(reader(raw, read_table(raw, ("x",)), "x").to_pylist())


@pytest.mark.parametrize(
    ("reader", "values", "expected"),
    [
        (whole, ("5", "30.0", "+7", "-3", " 4 ", ""), [5, 30, 7, -3, 4, None]),
        (decimal, ("5", ".25", "33.09", "+1", "1e-05", ""), [5.0, 0.25, 33.09, 1.0, 1e-05, None]),
        (
            dates, ("2025-03-15", "2025-03-15 20:30:00", "2025-03-15T20:30:00Z", ""),
            [date(2025, 3, 15)] * 3 + [None],
        ),
        (yes, ("TRUE", "False", "1", "0", "1.0", ""), [True, False, True, False, True, None]),
    ],
)  # fmt: skip
def test_values_of_a_csv_file(reader: Reader, values: tuple[str, ...], expected: list[Any]) -> None:
    assert read(reader, csv(*values)) == expected


@pytest.mark.parametrize(
    ("reader", "values", "expected"),
    [
        (whole, pa.array([5.0, float("nan"), None]), [5, None, None]),
        (whole, pa.array(["5", "+6"], pa.large_string()), [5, 6]),
        (whole, pa.array(["5", "6"]).dictionary_encode(), [5, 6]),
        (whole, pa.nulls(2), [None, None]),
        (dates, pa.array([date(2025, 3, 15)]), [date(2025, 3, 15)]),
        (dates, pa.array([datetime(2025, 3, 15, 20, 30)]), [date(2025, 3, 15)]),  # noqa: DTZ001
        (yes, pa.array([True, None]), [True, None]),
        (yes, pa.array([1, 0]), [True, False]),
    ],
)
def test_values_of_a_parquet_file(reader: Reader, values: pa.Array, expected: list[Any]) -> None:
    assert read(reader, parquet(values)) == expected


@pytest.mark.parametrize(
    ("reader", "bad", "message"),
    [
        (whole, "12.5", "line 3: x '12.5', expected a whole number"),
        (whole, "twelve", "line 3: x 'twelve', expected a number"),
        (whole, "1e20", "line 3: x '1e20', expected a whole number"),
        (decimal, "nan", "line 3: x 'nan', expected a number"),
        (decimal, "30:49", "line 3: x '30:49', expected a number"),
        (dates, "2025-1-2", "line 3: x '2025-1-2', expected a date"),
        (dates, "2025-02-30", "line 3: x '2025-02-30', expected a date"),
        (dates, "2025-03-15x", "line 3: x '2025-03-15x', expected a date"),
        (dates, "03/15/2025", "line 3: x '03/15/2025', expected a date"),
        (yes, "maybe", "line 3: x 'maybe', expected TRUE or FALSE"),
    ],
)
def test_the_first_bad_value_is_named_with_its_line(reader: Reader, bad: str, message: str) -> None:
    with pytest.raises(FeedError, match=message.replace("(", r"\(")):
        read(reader, csv("", bad))


@pytest.mark.parametrize(
    ("reader", "values"),
    [
        (whole, pa.array([date(2025, 3, 15)])),
        (whole, pa.array([True])),
        (dates, pa.array([20250315])),
        (whole, pa.array([float("inf")])),
    ],
)
def test_another_type_of_a_parquet_file_is_refused(reader: Reader, values: pa.Array) -> None:
    with pytest.raises(FeedError, match=r"f\.parquet: .*expected"):
        read(reader, parquet(values))


def test_a_word_is_one_of_two() -> None:
    raw = csv("HOME", "away", "")
    assert is_word(raw, read_table(raw, ("x",)), "x", "home", "away").to_pylist() == [True, False, None]
    raw = csv("NEUTRAL")
    with pytest.raises(FeedError, match="line 2: x 'NEUTRAL', expected home or away"):
        is_word(raw, read_table(raw, ("x",)), "x", "home", "away")


def test_empty_cells_are_counted() -> None:
    raw = csv("1", "", "")
    with pytest.raises(FeedError, match=r"line 3: x is empty \(2 such rows\), expected a value"):
        refuse_null(raw, read_table(raw, ("x",)), ("x",))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"x,w\n", "a header and no row, expected one row or more"),
        (b"z,y\n1,2\n", "no column x, w; the columns are z, y, expected all of them"),
        (b"x,x,w\n1,2,3\n", "more than one column x, expected one of each name"),
        (b"x,w\n1,2\n3\n", "not a readable CSV file"),
    ],
)
def test_a_file_that_is_not_whole(body: bytes, message: str) -> None:
    with pytest.raises(FeedError, match=message):
        read_table(RawFile("f.csv", body), ("x", "w"))


def test_a_truncated_parquet_file_is_refused() -> None:
    raw = parquet(pa.array([1, 2]))
    with pytest.raises(FeedError, match="not a readable Parquet file"):
        read_table(RawFile("f.parquet", raw.body[:-30]), ("x",))


def test_names_without_a_part() -> None:
    table = pa.table({"a": pa.array(["Jo", None, None]), "b": pa.array(["Doe", "Nene", None])})
    assert joined(text(table, "a"), text(table, "b")).to_pylist() == ["Jo Doe", "Nene", None]
