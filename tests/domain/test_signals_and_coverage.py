from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.coverage import SEVERITY, UNDUE, Level, coverage
from shared.domain.signals import STAKE, Signal, daily_signal


def signal_of(over: int, under: int, passed: int, high: int = 0) -> tuple[Signal, str]:
    n = over + under + passed
    sides = np.array(["OVER"] * over + ["UNDER"] * under + ["PASS"] * passed, dtype=np.str_)
    edge = np.where(np.arange(n) < high, 5.0, 1.0)
    got = daily_signal(sides, edge, np.full(n, 85.0))
    return got.daily_signal, got.skew_category


@pytest.mark.parametrize(
    ("over", "under", "passed", "high", "signal", "skew"),
    [
        (3, 3, 3, 9, Signal.NONE, "BALANCED"),  # nine rows are too few
        (24, 40, 36, 10, Signal.RED, "UNDER_HEAVY"),
        (25, 40, 35, 10, Signal.GREEN, "BALANCED"),  # exactly 25 % is not below it
        (24, 0, 76, 0, Signal.RED, "UNDER_HEAVY"),  # RED is asked before volume; PASS is in the denominator
        (30, 30, 40, 2, Signal.YELLOW, "BALANCED"),
        (30, 30, 40, 3, Signal.GREEN, "BALANCED"),
        (45, 30, 25, 3, Signal.GREEN, "OVER_HEAVY"),
        (46, 30, 24, 3, Signal.YELLOW, "OVER_HEAVY"),
        (0, 0, 0, 0, Signal.NONE, "NONE"),
    ],
)
def test_the_first_rule_that_fits_decides(
    over: int, under: int, passed: int, high: int, signal: Signal, skew: str
) -> None:
    assert signal_of(over, under, passed, high) == (signal, skew)


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
    assert (got.daily_signal, got.pct_over, got.avg_pvl, got.alarm) == (Signal.NONE, None, None, False)


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
