"""Windows over one entity's past games, gathered for many targets at once.

Every reduction runs along the last axis of a gathered (n, width) array of constant width, so that a
target gets the same bits alone or in a batch of 26,000.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from shared.domain.arrays import Bools, Floats, Ints

_DAY_SPAN = 1 << 20
_TIME_SPAN = 1 << 51


@dataclass(frozen=True)
class Timeline:
    """Past games of many entities (players or teams), sorted by entity and day.

    ``entity``: (m,) codes from 0, ``day``: (m,) days since 1970, ``available_at``: (m,) instant of the result
    in microseconds, ``season``: (m,) first year of the season. All four ascend within an entity.
    """

    entity: Ints
    day: Ints
    available_at: Ints
    season: Ints

    def before(self, entity: Ints, day: Ints, as_of: Ints) -> Ints:
        """Return the position after the last game with an earlier date and a result before ``as_of``."""
        by_day = np.searchsorted(self._day_keys, entity * _DAY_SPAN + day, side="left")
        by_time = np.searchsorted(self._time_keys, entity * _TIME_SPAN + as_of, side="left")
        return np.minimum(by_day, by_time)

    def from_day(self, entity: Ints, day: Ints) -> Ints:
        """Return the position of the entity's first game on or after ``day``."""
        return np.searchsorted(self._day_keys, entity * _DAY_SPAN + day, side="left")

    def season_start(self, entity: Ints, season: Ints) -> Ints:
        """Return the position of the entity's first game of a season."""
        keys = self.entity * _DAY_SPAN + self.season
        return np.searchsorted(keys, entity * _DAY_SPAN + season, side="left")

    @cached_property
    def _day_keys(self) -> Ints:
        return self.entity * _DAY_SPAN + self.day

    @cached_property
    def _time_keys(self) -> Ints:
        return self.entity * _TIME_SPAN + self.available_at


@dataclass(frozen=True)
class Window:
    """Up to ``width`` games before each target, newest first.

    ``index``: (n, width) positions in the timeline, ``valid``: (n, width), ``count``: (n,).
    """

    index: Ints
    valid: Bools
    count: Ints

    def gather(self, values: Floats) -> Floats:
        """Return (n, width) values, zero where there is no game."""
        if not len(values):
            return np.zeros(self.index.shape)
        return np.where(self.valid, values[self.index], 0.0)

    def total(self, values: Floats) -> Floats:
        return np.asarray(self.gather(values).sum(axis=-1))

    def mean(self, values: Floats, at_least: int = 1) -> Floats:
        """(n,) means, NaN for fewer than ``at_least`` games."""
        return ratio(self.total(values), self.count, self.count >= at_least)

    def std(self, values: Floats) -> Floats:
        """(n,) sample standard deviations, NaN for fewer than two games."""
        mean = self.mean(values)
        deviation = np.where(self.valid, self.gather(values) - mean[:, None], 0.0)
        squares = np.asarray((deviation * deviation).sum(axis=-1))
        return np.sqrt(ratio(squares, self.count - 1, self.count >= 2))


def window(start: Ints, end: Ints, width: int) -> Window:
    """The last ``width`` positions of each half-open range ``[start, end)``."""
    index = end[:, None] - 1 - np.arange(width, dtype=np.int64)[None, :]
    valid = index >= start[:, None]
    return Window(np.where(valid, index, 0), valid, valid.sum(axis=-1).astype(np.int64))


def ratio(numerator: Floats, denominator: Floats | Ints, where: Bools) -> Floats:
    """Return the ratio where ``where`` is true and the denominator is not zero, NaN elsewhere."""
    denominator = denominator.astype(np.float64)
    is_defined = where & (denominator != 0.0)
    return np.where(is_defined, numerator / np.where(is_defined, denominator, 1.0), np.nan)
