from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.statistics import (
    BREAKEVEN,
    by_date,
    distribution,
    stability,
    two_proportions,
    wilson,
)


def test_the_old_teams_days_compare_as_they_did_and_less_by_date() -> None:
    naive = two_proportions(14, 26, 50, 61)
    assert naive is not None
    assert round(naive.z, 2) == 2.72
    assert round(naive.p, 4) == 0.0065
    # the same picks on 7 and 15 days, with the days as the units
    hits = np.array([2, 2, 2, 2, 2, 2, 2, *[3] * 10, *[4] * 5])
    n = np.array([4, 4, 4, 4, 4, 3, 3, *[4] * 14, 5])
    in_a = np.arange(22) < 7
    assert (hits[in_a].sum(), n[in_a].sum(), hits[~in_a].sum(), n[~in_a].sum()) == (14, 26, 50, 61)
    clustered = by_date(hits, n, in_a)
    assert clustered is not None
    assert 0 < clustered.p < 1
    assert clustered.z > 0


def test_days_that_all_went_one_way_prove_less_than_their_picks() -> None:
    hits, n = np.array([10, 0, 10, 10]), np.array([10, 10, 10, 10])
    in_a = np.array([True, True, False, False])
    naive = two_proportions(10, 20, 20, 20)
    clustered = by_date(hits, n, in_a)
    assert naive is not None
    assert clustered is not None
    assert naive.p < 0.001
    assert clustered.p > 0.3


def test_a_difference_needs_two_sides_with_trials() -> None:
    assert two_proportions(0, 0, 5, 9) is None
    assert two_proportions(5, 5, 9, 9) is None
    one_day = np.array([True, False, False])
    assert by_date(np.array([1, 1, 1]), np.array([2, 2, 2]), one_day) is None
    nothing = np.array([True, True, False, False])
    assert by_date(np.zeros(4, np.int64), np.array([0, 0, 2, 2]), nothing) is None
    flat = by_date(np.array([1, 1, 1, 1]), np.array([2, 2, 2, 2]), nothing)
    assert flat is not None
    assert (flat.z, flat.p) == (0.0, 1.0)
    apart = by_date(np.array([0, 0, 2, 2]), np.array([2, 2, 2, 2]), nothing)
    assert apart is not None
    assert math.isinf(apart.z)


def test_permuted_groups_without_a_trial_count_as_no_difference() -> None:
    got = by_date(np.array([1, 0, 1, 0]), np.array([1, 1, 2, 0]), np.array([True, True, False, False]))
    assert got is not None
    assert 0 < got.p <= 1


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_wilson_interval_holds_its_rate(hits: int, misses: int) -> None:
    rate = wilson(hits, hits + misses)
    if rate.rate is None or rate.low is None or rate.high is None:
        assert hits + misses == 0
    else:
        assert 0 <= rate.low <= rate.rate <= rate.high <= 1


def test_wilson_of_the_old_teams_best_figure() -> None:
    rate = wilson(14, 26)
    assert (round(rate.low or 0, 3), round(rate.high or 0, 3)) == (0.355, 0.712)
    assert round(BREAKEVEN, 4) == 0.5238


def test_stability_is_zero_for_the_same_and_large_for_another_distribution() -> None:
    rng = np.random.default_rng(1)
    then = rng.normal(10, 3, 5000)
    reference = distribution(then)
    assert len(reference.edges) == 9
    assert stability(reference, then) == pytest.approx(0.0, abs=1e-12)
    assert stability(reference, rng.normal(10, 3, 2000)) < 0.02
    assert stability(reference, rng.normal(14, 3, 2000)) > 0.25


def test_a_feature_that_goes_missing_or_constant_has_moved() -> None:
    then = np.random.default_rng(2).normal(10, 3, 1000)
    reference = distribution(then)
    assert stability(reference, np.where(np.arange(1000) % 2 == 0, then, np.nan)) > 0.25
    assert stability(reference, np.full(1000, np.nan)) > 1
    assert stability(reference, np.full(1000, 10.0)) > 1
    flag = distribution(np.array([0.0] * 80 + [1.0] * 20))
    assert stability(flag, np.array([0.0] * 8 + [1.0] * 2)) == pytest.approx(0.0, abs=1e-9)
    assert distribution(np.zeros(0)).missing == 1.0
