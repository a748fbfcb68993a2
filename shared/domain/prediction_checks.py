"""Checks of the predictions of one system and game date as a batch, before activation.

A single prediction of 0.4 points is possible; a slate with that mean comes from a wrong model.
``docs/adr/0029`` has the measurements behind the bounds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median

POSSIBLE = (-25.0, 80.0)
"""Possible points for one player, before clamping."""

MAX_LINE_GAP, MAX_USUAL_GAP = 3.0, 4.5
"""Points by which the mean of many rows may differ from their lines, or from the players' last ten games."""

MAX_ACCEPTED_GAP = 4.0
"""Points by which the mean may differ from earlier accepted batches; slates differ as well."""

ROW_SPREAD = 8.0
"""Points added to a bound of a mean, divided by the root of the number of rows: a few rows prove little."""

SPREAD_RATIO = (0.5, 2.0)
"""Bounds of the ratio of the rows' spread to that of earlier accepted batches."""

MIN_SHARE = 0.5
"""Minimum of rows divided by requested players. Early in a season many have no features: until there are
batches to compare with, those do not count."""

SPARSE_SYSTEMS = frozenset({"similarity_balanced_v1"})
"""Systems that have no prediction for many players by design: their share is not checked."""

MIN_ROWS_FOR_GAPS, MIN_ROWS_FOR_HISTORY, MIN_KEYS_FOR_SHARE = 10, 20, 10
"""Fewer rows than a single game has show a player's luck, not a model's target."""

REFERENCE_DATES, MIN_REFERENCE_DATES, MIN_REFERENCE_ROWS = 7, 3, 20
"""The newest accepted batches that a batch is compared with, at most and at least; rows of each."""


@dataclass(frozen=True)
class PredictionBatch:
    """Summary of the rows of one system and game date, in points before clamping.

    ``points``, ``squares``: sums over all rows. ``line_gap``: sum of predicted - line over the
    ``lined_rows``; ``usual_gap``: sum of predicted - mean of the player's last ten games over the
    ``usual_rows``. ``keys``: players requested from the system, or with an active row already;
    ``answered``: those of them with a row; ``without_features``: those without a feature that
    the system requires. ``is_whole_slate``: false for the gaps that an earlier run
    left, and for a selection of players; these are not compared with whole slates.
    """

    system_id: str
    rows: int
    points: float
    squares: float
    lowest: float
    highest: float
    lined_rows: int = 0
    line_gap: float = 0.0
    usual_rows: int = 0
    usual_gap: float = 0.0
    keys: int = 0
    answered: int = 0
    without_features: int = 0
    is_whole_slate: bool = True

    @property
    def mean(self) -> float:
        return self.points / self.rows

    @property
    def spread(self) -> float:
        return spread(self.rows, self.points, self.squares)


@dataclass(frozen=True)
class Accepted:
    """Active rows of one system for an earlier game date: count, mean and spread of points."""

    rows: int
    mean: float
    spread: float


@dataclass(frozen=True)
class PredictionFinding:
    """One figure of a batch that is out of its bounds."""

    system_id: str
    figure: str
    value: str
    expected: str

    def __str__(self) -> str:
        return f"{self.figure} {self.value}, expected {self.expected}"


def check_predictions(batch: PredictionBatch, accepted: Sequence[Accepted]) -> list[PredictionFinding]:
    """Return the findings of a batch; ``accepted``: batches of earlier game dates, the newest first."""
    if not batch.rows:
        return []
    earlier = [a for a in accepted if a.rows >= MIN_REFERENCE_ROWS][:REFERENCE_DATES]
    earlier = earlier if len(earlier) >= MIN_REFERENCE_DATES else []
    return [*_range(batch), *_gaps(batch), *_history(batch, earlier), *_share(batch, bool(earlier))]


def spread(rows: int, points: float, squares: float) -> float:
    """Return the standard deviation from sums."""
    return sqrt(max(squares / rows - (points / rows) ** 2, 0.0))


def _range(batch: PredictionBatch) -> list[PredictionFinding]:
    low, high = POSSIBLE
    outside = [v for v in (batch.lowest, batch.highest) if not low <= v <= high]
    expected = f"{low:g} to {high:g} before clamping"
    return [PredictionFinding(batch.system_id, "a row of", f"{v:.2f} points", expected) for v in outside[:1]]


def _gaps(batch: PredictionBatch) -> list[PredictionFinding]:
    findings = []
    for figure, rows, total, bound in (
        ("mean(predicted - line)", batch.lined_rows, batch.line_gap, MAX_LINE_GAP),
        ("mean(predicted - last ten games)", batch.usual_rows, batch.usual_gap, MAX_USUAL_GAP),
    ):
        if rows >= MIN_ROWS_FOR_GAPS and abs(total / rows) > (cap := _bound(bound, rows)):
            value = f"{total / rows:+.2f} points over {rows} rows (mean {batch.mean:.2f})"
            findings.append(PredictionFinding(batch.system_id, figure, value, f"-{cap:.2f} to +{cap:.2f}"))
    return findings


def _history(batch: PredictionBatch, earlier: Sequence[Accepted]) -> list[PredictionFinding]:
    if not earlier or not batch.is_whole_slate or batch.rows < MIN_ROWS_FOR_HISTORY:
        return []
    source = f"by the {len(earlier)} accepted batches before"
    findings = []
    usual, cap = median(a.mean for a in earlier), _bound(MAX_ACCEPTED_GAP, batch.rows)
    if abs(batch.mean - usual) > cap:
        expected = f"{usual - cap:.2f} to {usual + cap:.2f} {source}"
        findings.append(PredictionFinding(batch.system_id, "mean", f"{batch.mean:.2f} points", expected))
    low, high = (ratio * median(a.spread for a in earlier) for ratio in SPREAD_RATIO)
    if not low <= batch.spread <= high:
        expected = f"{low:.2f} to {high:.2f} {source}"
        findings.append(PredictionFinding(batch.system_id, "spread", f"{batch.spread:.2f} points", expected))
    return findings


def _share(batch: PredictionBatch, has_history: bool) -> list[PredictionFinding]:
    keys = batch.keys if has_history else batch.keys - batch.without_features
    if batch.system_id in SPARSE_SYSTEMS or keys < MIN_KEYS_FOR_SHARE:
        return []
    if batch.answered >= MIN_SHARE * keys:
        return []
    value = f"{batch.answered} of {keys} players"
    return [PredictionFinding(batch.system_id, "rows for", value, f"at least {MIN_SHARE:.0%}")]


def _bound(bound: float, rows: int) -> float:
    return bound + ROW_SPREAD / sqrt(rows)
