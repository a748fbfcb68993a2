from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.features.context import CONTEXT, WITHOUT_MARKET, context, without_market
from shared.domain.features.contract import FEATURES
from shared.domain.systems import line_anchored
from shared.domain.systems.line_anchored import LineAnchored
from tests.domain import batches
from tests.domain.test_features import START, history, targets

NAN = float("nan")


def one(function: object, line: float, forecast: float, market: float) -> float:
    assert callable(function)
    return float(function(np.array([line]), np.array([forecast]), np.array([market]))[0])


def test_points_go_a_fifth_of_the_way_and_lean_with_the_prices() -> None:
    assert one(line_anchored.expected_points, 20.5, 25.5, 0.5) == pytest.approx(21.5)
    assert one(line_anchored.expected_points, 20.5, 25.5, NAN) == pytest.approx(21.5)
    assert one(line_anchored.expected_points, 20.5, 20.5, 0.6) == pytest.approx(21.2)
    assert one(line_anchored.expected_points, NAN, 17.25, NAN) == 17.25
    assert one(line_anchored.expected_points, 0.5, -30.0, 0.5) == 0.0


def test_the_probability_is_the_markets_where_the_forecast_agrees() -> None:
    assert one(line_anchored.p_over, 20.5, 20.5, 0.47) == pytest.approx(0.47)
    assert one(line_anchored.p_over, 20.5, 20.5, NAN) == pytest.approx(0.5)
    assert np.isnan(one(line_anchored.p_over, NAN, 20.5, NAN))
    up = one(line_anchored.p_over, 20.5, 20.5 + float(line_anchored.spread(np.array([20.5]))[0]), 0.5)
    assert up == pytest.approx(1 / (1 + np.exp(-0.25)))


@given(st.floats(0.5, 50), st.floats(0, 60), st.floats(0.02, 0.98))
def test_a_higher_forecast_never_lowers_points_or_probability(
    line: float, forecast: float, market: float
) -> None:
    for function in (line_anchored.expected_points, line_anchored.p_over):
        assert one(function, line, forecast + 1.0, market) >= one(function, line, forecast, market)
    assert 0 < one(line_anchored.p_over, line, forecast, market) < 1


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


class Says:
    """A model that says the same of everybody."""

    def __init__(self, points: float) -> None:
        self.points = points

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        assert inputs.shape[1] == 58
        return np.full(len(inputs), self.points)


def test_as_a_system_it_gives_points_a_probability_and_an_interval() -> None:
    batch = batches.one(batches.STAR | {"vegas_points_line": 20.5})
    said = LineAnchored(Says(25.5)).forecast(batch, {})
    assert said.points[0] == pytest.approx(21.5)
    assert said.chance is not None
    assert 0.5 < said.chance.over[0] < 0.6
    assert said.confidence[0] == pytest.approx(100 * said.chance.over[0])
    assert said.chance.low[0] == pytest.approx(0.7 * 21.5 - 3.4)
    assert said.chance.high[0] == pytest.approx(1.1 * 21.5 + 7.4)
    assert sum(float(t[0]) for t in said.terms.values()) == pytest.approx(21.5)


def test_without_a_line_it_is_the_forecast_and_knows_no_side() -> None:
    said = LineAnchored(Says(3.0)).forecast(batches.one(batches.STAR), {})
    assert (said.points[0], said.confidence[0]) == (3.0, 50.0)
    assert said.chance is not None
    assert np.isnan(said.chance.over[0])
    assert said.chance.low[0] == 0.0
    assert sum(float(t[0]) for t in said.terms.values()) == 3.0


def test_without_context_it_says_nothing() -> None:
    plain = batches.one(batches.STAR)
    gone = replace(plain, context=np.full((1, 29), np.nan))
    said = LineAnchored(Says(20.0)).forecast(gone, {})
    assert said.reasons == ("missing_feature:context",)
    assert said.chance is not None
    assert np.isnan([said.points[0], said.chance.low[0], said.chance.over[0]]).all()
