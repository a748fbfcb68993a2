from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.steps import Steps, above
from shared.domain.systems.assembly import add_reason_where, names_per_row, sum_sequentially, sum_terms
from shared.domain.systems.base import Batch, Forecast, memoized_per_batch
from shared.domain.systems.ensemble import FIXED_WEIGHTS, MEMBERS, Ensemble
from shared.domain.systems.similarity import MAX_GAMES, Similarity, similarities
from tests.domain.batches import STAR, many, one

NAN = float("nan")


@pytest.mark.parametrize(
    ("x", "y"),
    [(-np.inf, 1.0), (3.9, 1.0), (4.0, 2.0), (6.0, 2.0), (above(6.0), 3.0), (np.inf, 3.0), (NAN, 0.0)],
)
def test_a_step_begins_at_its_border(x: float, y: float) -> None:
    assert Steps((4.0, above(6.0)), (1.0, 2.0, 3.0), unknown=0.0)(np.array([x])).tolist() == [y]


def test_what_steps_do_not_know_is_nan() -> None:
    assert np.isnan(Steps((4.0,), (1.0, 2.0))(np.array([NAN]))).all()


@given(st.lists(st.lists(st.floats(-50, 50), min_size=12, max_size=12), min_size=1, max_size=5))
def test_terms_are_added_in_turn_whatever_the_company(rows: list[list[float]]) -> None:
    wanted = []
    for row in rows:
        total = row[0]
        for term in row[1:]:
            total += term
        wanted.append(total)
    assert sum_sequentially(np.array(rows).T).tolist() == wanted
    assert [sum_sequentially(np.array([row]).T)[0] for row in rows] == wanted


def test_a_term_that_is_not_known_adds_nothing_and_is_named() -> None:
    by = sum_terms({"a": np.array([1.0, NAN, 3.0]), "b": np.array([NAN, NAN, 0.5])})
    assert by.total.tolist() == [1.0, 0.0, 3.5]
    assert by.missing == (("b",), ("a", "b"), ())
    assert {name: term.tolist() for name, term in by.terms.items()} == {
        "a": [1.0, 0.0, 3.0],
        "b": [0.0, 0.0, 0.5],
    }


@given(st.lists(st.lists(st.booleans(), min_size=20, max_size=20), min_size=1, max_size=6))
def test_names_come_in_their_order(rows: list[list[bool]]) -> None:
    names = [f"n{i}" for i in range(20)]
    wanted = tuple(tuple(n for n, held in zip(names, row, strict=True) if held) for row in rows)
    assert names_per_row(names, np.array(rows).T) == wanted


def test_an_earlier_reason_stays() -> None:
    assert add_reason_where((None, "a", None), np.array([True, True, False]), "b") == ("b", "a", None)


def test_a_batch_is_asked_once_and_another_anew() -> None:
    asked = []

    @memoized_per_batch
    def mean(batch: Batch, name: str) -> float:
        asked.append(name)
        return float(batch.feature(name).mean())

    batch = many(20)
    half = batch.take(np.arange(10))
    told = [mean(b, name) for b in (batch, half) for name in ("home_away", "back_to_back", "home_away")]
    assert asked == ["home_away", "back_to_back"] * 2
    assert told[0] == told[2]
    assert half.features.tobytes() == batch.features[:10].tobytes()


def test_other_forecasts_of_the_same_members_give_another_mean() -> None:
    def said(points: float) -> Forecast:
        return Forecast(np.array([points]), np.array([60.0]), (None,), ((),))

    batch = one(STAR)
    for weights in (None, FIXED_WEIGHTS):
        ensemble = Ensemble("ensemble", weights)
        for points in (10.0, 20.0):
            members = {m: said(points) for m in MEMBERS}
            assert ensemble.forecast(batch, members).points[0] == pytest.approx(points)


def test_the_newer_of_two_games_alike_counts() -> None:
    batch = one(STAR, league_def_rating=113.0, past=np.tile([0.0, 0.0, 1.0, 1.0, 0.0], (30, 1)))
    batch.recent[0, :, 0] = np.where(np.arange(30) < MAX_GAMES, 10.0, 40.0)
    assert (similarities(batch) == 100).all()
    assert Similarity().forecast(batch, {}).terms["similar_games"][0] == pytest.approx(10.0)
    batch.recent[0, 25, 4], batch.recent[0, :5, 4] = 0.0, 1.0  # five newer ones are less alike now
    assert Similarity().forecast(batch, {}).terms["similar_games"][0] > 10.0
