from __future__ import annotations

import math

import numpy as np
import pytest

from shared.domain.evaluation import (
    always_under,
    brier,
    calibration_error,
    calibration_limit,
    hits,
    log_loss,
    payout,
    reliability,
    returns,
    suspected_leaks,
)
from shared.domain.statistics import wilson

LINE = np.array([20.5, 20.5, 20.0, 10.5, np.nan, 15.5])
ACTUAL = np.array([25.0, 15.0, 20.0, 16.0, 30.0, 11.0])
PREDICTED = np.array([22.0, 21.5, 25.0, 16.0, 12.0, 15.5])


def test_sides_pushes_and_edges() -> None:
    told = hits(PREDICTED, LINE, ACTUAL)
    assert {k: (r.hits, r.n) for k, r in told.items()} == {
        "all": (2, 3), "e1": (2, 3), "e2": (1, 1), "e3": (1, 1), "e5": (1, 1)
    }  # fmt: skip
    assert (always_under(LINE, ACTUAL).hits, always_under(LINE, ACTUAL).n) == (2, 4)


def test_returns_at_the_quoted_prices() -> None:
    assert payout(np.array([-110.0, 150.0])).tolist() == pytest.approx([100 / 110, 1.5])
    side = np.array([1.0, 1.0, 1.0, -1.0, 1.0, 0.0])
    price = np.full(6, -110.0)
    mean, n = returns(side, LINE, ACTUAL, price, np.full(6, 120.0))
    assert n == 4
    assert mean == pytest.approx((100 / 110 - 1 + 0 - 1) / 4)
    assert returns(np.zeros(6), LINE, ACTUAL, price, price) == (None, 0)


def test_probabilities_are_scored_as_they_are_defined() -> None:
    p, won = np.array([0.8, 0.4]), np.array([True, False])
    assert log_loss(p, won) == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)
    assert brier(p, won) == pytest.approx((0.04 + 0.16) / 2)
    assert math.isfinite(log_loss(np.array([1.0]), np.array([False])))


def test_calibration_is_judged_by_what_chance_allows() -> None:
    rng = np.random.default_rng(7)
    p = rng.uniform(0.3, 0.7, 2000)
    limit = calibration_limit(p)
    assert 0 < limit < 0.05
    assert calibration_error(p, rng.random(2000) < p) < limit
    assert calibration_error(np.clip(p + 0.1, 0, 1), rng.random(2000) < p) > limit
    table = reliability(p, rng.random(2000) < p)
    assert [b.n for b in table] == [400] * 5
    assert [b.forecast for b in table] == sorted(b.forecast for b in table)
    assert len(reliability(np.array([0.5]), np.array([True]))) == 1


def test_figures_that_are_too_good_are_named() -> None:
    rates = {"all": wilson(1000, 2000), "e3": wilson(85, 114)}
    assert suspected_leaks("honest", 5.17, 4.7, rates) == []
    told = suspected_leaks("v9", 4.12, 3.4, {"all": wilson(700, 1000)})
    assert len(told) == 3
    assert "4.120 on rows with a line, below 4.62" in told[0]
    assert "70.0% at all on 1000 rows" in told[2]
    assert suspected_leaks("unknown", None, None, {"e5": wilson(0, 0)}) == []
