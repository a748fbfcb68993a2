"""Values of the warehouse are JSON that every reader takes, the same on both backends."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from backfill_jobs.cli.output import json_value


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (math.nan, "NaN"),
        (math.inf, "Infinity"),
        (-math.inf, "-Infinity"),
        (1.5, 1.5),
        (Decimal("1.500000000"), "1.5"),
        (Decimal("1E+2"), "100"),
        (b"\x00a", "AGE="),
        (datetime(2025, 3, 19, 23, 30, tzinfo=UTC), "2025-03-19T23:30:00+00:00"),
        (datetime(2025, 3, 19, 19, 30, tzinfo=timezone(timedelta(hours=-4))), "2025-03-19T23:30:00+00:00"),
        ([1.0, math.nan], [1.0, "NaN"]),
        ({"a": -math.inf}, {"a": "-Infinity"}),
        (None, None),
        (True, True),
    ],
)
def test_a_value_is_written_as_bigquery_writes_it(value: Any, written: Any) -> None:
    assert json.loads(json.dumps(json_value(value), allow_nan=False)) == written


def test_a_date_is_left_to_the_writer() -> None:
    assert json_value(date(2025, 3, 19)) == date(2025, 3, 19)
