"""Minutes written as decimals: of minutes and seconds (33.09 is 33:09), or of minutes (33.15 is 33:09).

The same digits mean different times. In minutes and seconds the fraction never passes .60 (37.6 is 37:60,
with a lost zero); in true decimals two of five do, and most have more than two places.
"""

from __future__ import annotations

from enum import StrEnum

import numpy as np

from shared.domain.arrays import Bools, Floats

ENOUGH = 30
"""Fractions that decide: by chance, less than one file in a million has so many decimals below .61 only."""

NOISE = 1e-3
"""Hundredths by which a decimal that went through a float of 32 bits may differ."""


class Notation(StrEnum):
    """What the minutes of one file are; the value is its name in messages."""

    WHOLE = "whole minutes"
    CLOCK = "minutes and seconds"
    DECIMAL = "decimal minutes"
    UNDECIDED = "too few fractions to tell"


def notation_of(values: Floats) -> Notation:
    """Return how a file writes minutes; a fraction above .60 or of three places makes them decimals."""
    fractions = _hundredths(values)
    fractions = fractions[fractions > NOISE]
    if not len(fractions):
        return Notation.WHOLE
    if np.any(~_can_be_seconds(fractions)):
        return Notation.DECIMAL
    return Notation.CLOCK if len(fractions) >= ENOUGH else Notation.UNDECIDED


def is_clock(values: Floats) -> Bools:
    """Return for each value whether it can be minutes and seconds, as whole minutes can; True for NaN."""
    return np.isnan(values) | _can_be_seconds(_hundredths(values))


def minutes_of_clock(values: Floats) -> Floats:
    """Return decimal minutes of minutes and seconds written as a decimal."""
    return np.floor(values + NOISE / 100) + np.round(_hundredths(values)) / 60


def _hundredths(values: Floats) -> Floats:
    return (values - np.floor(values + NOISE / 100)) * 100


def _can_be_seconds(hundredths: Floats) -> Bools:
    return (np.abs(hundredths - np.round(hundredths)) < NOISE) & (hundredths < 60 + NOISE)
