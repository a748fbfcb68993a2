from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.betting import KELLY_SHARE, MOST_STAKE, Bets, bets

NAN = float("nan")


def one(over: float, edge: float, over_price: float, under_price: float) -> Bets:
    return bets(*(np.array([v]) for v in (over, edge, over_price, under_price)))


def test_the_better_side_at_its_price() -> None:
    found = one(0.58, 1.2, -110, -110)
    assert found.against == (None,)
    assert found.value[0] == pytest.approx(0.58 * 100 / 110 - 0.42)
    assert found.stake[0] == pytest.approx(min(KELLY_SHARE * found.value[0] / (100 / 110), MOST_STAKE))
    under = one(0.42, -1.2, -110, -110)
    assert under.value[0] == pytest.approx(found.value[0])
    only_under = one(0.42, -1.2, NAN, 120)
    assert only_under.value[0] == pytest.approx(0.58 * 1.2 - 0.42)


@pytest.mark.parametrize(
    ("over", "edge", "over_price", "under_price", "why"),
    [
        (NAN, NAN, NAN, NAN, "no_line"),
        (0.6, 1.0, NAN, NAN, "no_price"),
        (0.5, 0.1, -110, -110, "no_value"),
        (0.53, 0.3, -110, -110, "no_value"),
        (0.6, -0.1, -110, -110, "points_disagree"),
    ],
)
def test_no_stake_without_a_reason_to_bet(
    over: float, edge: float, over_price: float, under_price: float, why: str
) -> None:
    found = one(over, edge, over_price, under_price)
    assert found.against == (why,)
    assert found.stake[0] == 0.0


@given(st.floats(0.01, 0.99), st.integers(-400, -101), st.integers(101, 400))
def test_a_stake_is_small_and_never_taken_at_a_loss(over: float, minus: int, plus: int) -> None:
    found = one(over, 1.0 if over > 0.5 else -1.0, minus, plus)
    assert 0.0 <= found.stake[0] <= MOST_STAKE
    assert (found.stake[0] > 0) == (found.against[0] is None)
    assert found.stake[0] == 0.0 or found.value[0] > 0
