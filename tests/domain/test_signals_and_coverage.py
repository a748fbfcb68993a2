from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.domain.coverage import SEVERITY, UNDUE, Level, coverage
from shared.domain.signals import (
    MIN_HISTORY_DATES,
    STAKE,
    DailySignal,
    EarlierDay,
    Signal,
    comparable,
    daily_signal,
)


def signal_of(
    over: int, under: int, passed: int, high: int = 0, earlier: Sequence[EarlierDay] = ()
) -> DailySignal:
    n = over + under + passed
    sides = np.array(["OVER"] * over + ["UNDER"] * under + ["PASS"] * passed, dtype=np.str_)
    edge = np.where(np.arange(n) < high, 5.0, 1.0)
    return daily_signal(sides, edge, np.full(n, 85.0), earlier)


def days_of(n: int, over: int, under: int, passed: int = 0, high: int = 0) -> list[EarlierDay]:
    """The same date ``n`` times."""
    total = over + under + passed
    return [EarlierDay(total, 100 * over / total, 100 * under / total, high)] * n


@pytest.mark.parametrize(
    ("over", "under", "passed", "signal", "skew"),
    [
        (3, 3, 3, Signal.NO_SIGNAL, "BALANCED"),  # nine rows are too few
        (4, 5, 91, Signal.NO_SIGNAL, "UNDER_HEAVY"),  # so are nine sides of a hundred rows
        (4, 6, 90, Signal.GREEN, "UNDER_HEAVY"),
        (0, 0, 80, Signal.NO_SIGNAL, "UNDER_HEAVY"),
        (24, 76, 0, Signal.RED, "UNDER_HEAVY"),
        (25, 75, 0, Signal.GREEN, "BALANCED"),  # exactly the limit
        (24, 40, 36, Signal.GREEN, "UNDER_HEAVY"),  # PASS is no UNDER: 24 of 64 sides
        (75, 25, 0, Signal.GREEN, "OVER_HEAVY"),
        (76, 24, 0, Signal.YELLOW, "OVER_HEAVY"),
        (24, 0, 76, Signal.YELLOW, "UNDER_HEAVY"),
        (0, 0, 0, Signal.NO_SIGNAL, "NONE"),
    ],
)
def test_without_history_fixed_limits_on_the_sides_taken_decide(
    over: int, under: int, passed: int, signal: Signal, skew: str
) -> None:
    got = signal_of(over, under, passed)
    assert (got.daily_signal, got.skew_category) == (signal, skew)


def test_a_system_that_mostly_passes_has_no_signal_and_says_why() -> None:
    got = signal_of(1, 6, 143, earlier=days_of(30, 1, 6, 143))
    assert got.daily_signal is Signal.NO_SIGNAL
    assert got.signal_explanation == "7 of 150 rows take a side, at least 10 needed"
    assert got.pct_pass == 95.33
    assert STAKE[got.daily_signal] == 1.0


@pytest.mark.parametrize(
    ("over", "under", "signal"),
    [
        (4, 36, Signal.GREEN),  # 10 % OVER is what this system does
        (0, 40, Signal.RED),  # 0 % is not
        (10, 30, Signal.YELLOW),  # nor are 25 %, which the fixed limits call balanced
    ],
)
def test_a_date_is_compared_with_the_systems_own_history(over: int, under: int, signal: Signal) -> None:
    own = [*days_of(10, 5, 40), *days_of(10, 4, 41), *days_of(10, 6, 39)]
    # chance alone moves 40 picks of such a system by 4.9 percentage points: 1.3 to 20.9 % is usual
    assert signal_of(over, under, 20, earlier=own).daily_signal is signal
    fixed = signal_of(over, under, 20, earlier=own[:4])
    assert fixed.daily_signal is (Signal.GREEN if over == 10 else Signal.RED)
    assert "4 of the 5 earlier dates" in fixed.signal_explanation


def test_the_spread_of_its_own_dates_widens_what_is_usual() -> None:
    steady, unsteady = days_of(20, 20, 20), [*days_of(10, 30, 10), *days_of(10, 10, 30)]
    assert signal_of(10, 30, 0, earlier=steady).daily_signal is Signal.RED
    assert signal_of(10, 30, 0, earlier=unsteady).daily_signal is Signal.GREEN


def test_dates_with_few_sides_and_those_beyond_the_newest_thirty_do_not_count() -> None:
    assert comparable(days_of(40, 1, 6, 143)) == []
    assert comparable(days_of(40, 4, 5)) == []
    newest = days_of(30, 5, 40)
    assert comparable([*days_of(3, 1, 1), *newest, *days_of(9, 40, 5)]) == newest


def test_few_high_edges_are_unusual_only_where_the_system_usually_has_them() -> None:
    assert signal_of(20, 20, 0, high=0, earlier=days_of(20, 20, 20, high=0)).daily_signal is Signal.GREEN
    got = signal_of(20, 20, 0, high=2, earlier=days_of(20, 20, 20, high=5))
    assert got.daily_signal is Signal.YELLOW
    assert "edge of 5 points: 2, usually 3 or more" in got.signal_explanation
    assert signal_of(20, 20, 0, high=3, earlier=days_of(20, 20, 20, high=5)).daily_signal is Signal.GREEN


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 40))
def test_a_day_like_all_others_is_never_red(over: int, under: int, passed: int, days: int) -> None:
    assume(days >= MIN_HISTORY_DATES)
    history = days_of(days, over, under, passed) if over + under else []
    got = signal_of(over, under, passed, earlier=history).daily_signal
    assert got in (Signal.GREEN, Signal.NO_SIGNAL)


def test_high_edges_and_premium_picks_are_counted_on_their_own_scales() -> None:
    got = daily_signal(
        np.array(["OVER", "UNDER", "PASS"], dtype=np.str_),
        np.array([5.0, -6.0, 3.0]),
        np.array([92.0, 0.92, 91.9]),
    )
    assert (got.high_edge_picks, got.premium_picks, got.volume_category) == (2, 1, "LOW")
    assert got.avg_confidence == round((92 + 0.92 + 91.9) / 3, 4)
    assert got.avg_pvl == round(2 / 3, 4)
    many = daily_signal(np.array(["OVER"] * 9, dtype=np.str_), np.full(9, -5.0), np.full(9, 80.0))
    assert many.volume_category == "HIGH"
    assert many.alarm
    assert not got.alarm


def test_shares_are_of_all_rows_with_a_line_and_add_up() -> None:
    got = daily_signal(np.array(["OVER", "UNDER", "PASS", "PASS"], dtype=np.str_), np.ones(4), np.ones(4))
    assert (got.pct_over, got.pct_under, got.pct_pass) == (25.0, 25.0, 50.0)
    assert STAKE[Signal.RED] == 0.5


def test_an_empty_slate_says_nothing() -> None:
    got = daily_signal(np.zeros(0, np.str_), np.zeros(0), np.zeros(0))
    assert (got.daily_signal, got.pct_over, got.avg_pvl, got.alarm) == (Signal.NO_SIGNAL, None, None, False)


def test_the_old_teams_table_with_the_right_denominator() -> None:
    """222 predictions and no grade were a CRITICAL 0 %; of them nothing was due."""
    asleep = coverage(0, 0, {"not_final": 148, "no_line": 74})
    assert (asleep.predictions, asleep.due, asleep.coverage, asleep.level) == (222, 0, None, Level.NOT_DUE)
    awake = coverage(813, 805, {"no_line": 400, "inactive": 120, "void": 31})
    assert round(100 * (awake.coverage or 0), 1) == 99.0
    assert awake.level is Level.OK
    assert awake.predictions == 1364
    assert coverage(222, 0, {}).level is Level.CRITICAL


@pytest.mark.parametrize(
    ("due", "graded", "level"),
    [
        (100, 80, Level.OK), (1000, 799, Level.WARNING), (100, 50, Level.WARNING),
        (1000, 499, Level.CRITICAL), (0, 0, Level.NOT_DUE),
    ],
)  # fmt: skip
def test_levels(due: int, graded: int, level: Level) -> None:
    assert coverage(due, graded, {}).level is level
    assert SEVERITY[level] in (0, 1, 2)


@given(
    st.integers(0, 1000), st.integers(0, 1000), st.dictionaries(st.sampled_from(UNDUE), st.integers(0, 99))
)
def test_coverage_never_exceeds_one_and_parts_add_up(a: int, b: int, undue: dict[str, int]) -> None:
    got = coverage(max(a, b), min(a, b), undue)
    assert got.coverage is None or 0 <= got.coverage <= 1
    assert got.predictions == got.due + sum(got.undue.values())
    assert got.plain()["level"] == got.level.value


def test_counts_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="5 graded of 4 due"):
        coverage(4, 5, {})
    with pytest.raises(ValueError, match="'forgotten'"):
        coverage(4, 1, {"forgotten": 1})
    with pytest.raises(ValueError, match="-1"):
        coverage(4, 1, {"void": -1})
