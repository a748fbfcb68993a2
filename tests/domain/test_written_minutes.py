"""Minutes written as decimals: minutes and seconds, or true decimals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.written_minutes import ENOUGH, Notation, is_clock, minutes_of_clock, notation_of


@pytest.mark.parametrize(
    ("written", "minutes"),
    [
        (33.09, 33 + 9 / 60),
        (37.6, 38.0),
        (30.46, 30 + 46 / 60),
        (15.5, 15 + 50 / 60),
        (0.06, 0.1),
        (48.02, 48 + 2 / 60),
        (35.0, 35.0),
        (0.0, 0.0),
        (float(np.float32(33.09)), 33 + 9 / 60),
        (float(np.float32(29.6)), 30.0),
    ],
)
def test_a_fraction_of_minutes_and_seconds_is_seconds(written: float, minutes: float) -> None:
    assert minutes_of_clock(np.array([written]))[0] == pytest.approx(minutes, abs=1e-9)


@given(st.integers(0, 60), st.integers(0, 59))
def test_every_time_is_read_back(minute: int, second: int) -> None:
    values = np.array([float(f"{minute}.{second:02d}")])
    assert is_clock(values).all()
    assert round(minutes_of_clock(values)[0] * 60) == minute * 60 + second


def test_a_fraction_above_sixty_seconds_is_none() -> None:
    values = np.array([30.6, 30.61, 30.18, 14.595, np.nan])
    assert is_clock(values).tolist() == [True, False, True, False, True]


CLOCK = [20 + (i * 7 % 60) / 100 for i in range(1, ENOUGH + 1)]
"""Minutes and seconds, none of them whole."""


@pytest.mark.parametrize(
    ("values", "notation"),
    [
        ([35.0, 12.0, 0.0], Notation.WHOLE),
        ([np.nan, 35.0], Notation.WHOLE),
        ([], Notation.WHOLE),
        (CLOCK, Notation.CLOCK),
        ([*CLOCK, 35.0, np.nan], Notation.CLOCK),
        (CLOCK[1:], Notation.UNDECIDED),
        ([30.18, 41.65], Notation.DECIMAL),
        ([2.6466666666666665], Notation.DECIMAL),
        ([*CLOCK, 30.75], Notation.DECIMAL),
    ],
)
def test_the_fractions_of_a_whole_file_tell_the_notation(values: list[float], notation: Notation) -> None:
    assert notation_of(np.array(values, np.float64)) is notation
