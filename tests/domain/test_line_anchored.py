from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import line_anchored
from shared.domain.features.context import CONTEXT, WITHOUT_MARKET, context, without_market
from shared.domain.features_contract import FEATURES
from tests.domain.test_features import START, history, targets

NAN = float("nan")


def one(function: object, line: float, forecast: float, market: float) -> float:
    assert callable(function)
    return float(function(np.array([line]), np.array([forecast]), np.array([market]))[0])


def test_points_go_a_fifth_of_the_way_and_lean_with_the_prices() -> None:
    assert one(line_anchored.points, 20.5, 25.5, 0.5) == pytest.approx(21.5)
    assert one(line_anchored.points, 20.5, 25.5, NAN) == pytest.approx(21.5)
    assert one(line_anchored.points, 20.5, 20.5, 0.6) == pytest.approx(21.2)
    assert one(line_anchored.points, NAN, 17.25, NAN) == 17.25
    assert one(line_anchored.points, 0.5, -30.0, 0.5) == 0.0


def test_the_probability_is_the_markets_where_the_forecast_agrees() -> None:
    assert one(line_anchored.over, 20.5, 20.5, 0.47) == pytest.approx(0.47)
    assert one(line_anchored.over, 20.5, 20.5, NAN) == pytest.approx(0.5)
    assert np.isnan(one(line_anchored.over, NAN, 20.5, NAN))
    up = one(line_anchored.over, 20.5, 20.5 + float(line_anchored.spread(np.array([20.5]))[0]), 0.5)
    assert up == pytest.approx(1 / (1 + np.exp(-0.25)))


@given(st.floats(0.5, 50), st.floats(0, 60), st.floats(0.02, 0.98))
def test_a_higher_forecast_never_lowers_points_or_probability(
    line: float, forecast: float, market: float
) -> None:
    for function in (line_anchored.points, line_anchored.over):
        assert one(function, line, forecast + 1.0, market) >= one(function, line, forecast, market)
    assert 0 < one(line_anchored.over, line, forecast, market) < 1


def test_context_reads_nothing_of_the_day_or_later() -> None:
    before, after = history(), history(change=(START + 20, 77.0))
    rows = np.flatnonzero(before.day == START + 20)
    a, b = context(before, targets(before, rows)), context(after, targets(after, rows))
    assert a.shape == (len(rows), len(CONTEXT)) == (len(rows), 29)
    assert a.tobytes() == b.tobytes()
    later = np.flatnonzero(before.day == START + 22)
    changed = context(after, targets(after, later))
    assert context(before, targets(before, later)).tobytes() != changed.tobytes()


def test_context_of_one_row_is_that_of_many() -> None:
    h = history()
    rows = np.flatnonzero(h.day >= START + 10)
    many = context(h, targets(h, rows))
    for i in (0, len(rows) // 2, len(rows) - 1):
        assert context(h, targets(h, rows[i : i + 1])).tobytes() == many[i : i + 1].tobytes()


def test_the_forecast_without_a_line_never_sees_the_market() -> None:
    named = {FEATURES[i] for i in WITHOUT_MARKET}
    assert len(named) == 29
    assert not any("vegas" in name for name in named)
    assert without_market(np.zeros((2, 33)), np.ones((2, 29))).shape == (2, 58)
