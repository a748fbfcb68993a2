"""Checks of a whole batch of features before it is written: out of range, constant, drifting.

A check of single rows cannot find a feature that has the same value for every player.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.domain.arrays import Bools, Floats
from shared.domain.features.contract import FEATURES, INDEX, REQUIRED

RANGES: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("points_avg_last_5", "points_avg_last_10", "points_avg_season"), (0.0, 85.0)),
    "points_std_last_10": (0.0, 45.0),
    "games_in_last_7_days": (0.0, 6.0),
    "fatigue_score": (0.0, 100.0),
    "shot_zone_mismatch_score": (-10.0, 10.0),
    "pace_score": (-3.0, 3.0),
    "usage_spike_score": (-3.0, 3.0),
    "rest_advantage": (-2.0, 2.0),
    "injury_risk": (0.0, 3.0),
    "recent_trend": (-2.0, 2.0),
    "minutes_change": (-2.0, 2.0),
    **dict.fromkeys(("opponent_def_rating", "team_off_rating"), (70.0, 150.0)),
    **dict.fromkeys(("opponent_pace", "team_pace"), (70.0, 130.0)),
    **dict.fromkeys(("home_away", "back_to_back", "playoff_game", "has_vegas_line"), (0.0, 1.0)),
    **dict.fromkeys(
        ("pct_paint", "pct_mid_range", "pct_three", "pct_free_throw", "team_win_pct"), (0.0, 1.0)
    ),
    **dict.fromkeys(("vegas_points_line", "vegas_opening_line"), (0.5, 80.0)),
    "vegas_line_move": (-15.0, 15.0),
    "avg_points_vs_opponent": (0.0, 85.0),
    "games_vs_opponent": (0.0, 100.0),
    "minutes_avg_last_10": (0.0, 63.0),
    "ppm_avg_last_10": (0.0, 6.0),
}
"""Possible values, wider than the usual ones, so that a finding is an error."""

BY_PLAYER = (
    "points_avg_last_5", "points_avg_last_10", "points_avg_season", "points_std_last_10",
    "pct_three", "vegas_points_line", "minutes_avg_last_10", "ppm_avg_last_10",
)  # fmt: skip
BY_TEAM = ("opponent_def_rating", "opponent_pace", "team_pace", "team_off_rating", "team_win_pct")
MIN_ROWS, MIN_DISTINCT = 50, 10
MIN_TEAMS, MIN_DISTINCT_TEAMS = 6, 3
REFERENCE_ROWS = 500
DRIFT = 1.5
"""Standard deviations, of batch and reference together, by which a feature's mean may move in a day."""

DRIFTS = BY_PLAYER
"""Without fatigue_score, flags and team features: after a week without games all of those jump."""


@dataclass(frozen=True)
class BatchFinding:
    """A feature that must not be written, with the evidence."""

    feature: str
    kind: str
    evidence: str

    def __str__(self) -> str:
        return f"{self.feature} {self.kind}: {self.evidence}"


def check_batch(values: Floats, teams: int, reference: Floats) -> list[BatchFinding]:
    """Return findings on the (n, 33) rows of one game date, NaN where missing.

    ``teams``: teams on the slate. ``reference``: (m, 33) rows of the four weeks before; with fewer than 500
    of them drift is not checked. A required feature that no player has is a finding too.
    """
    return [*_absent(values), *_ranges(values), *_constant(values, teams), *_drift(values, reference)]


def _absent(values: Floats) -> list[BatchFinding]:
    if not len(values):
        return []
    is_absent: Bools = np.asarray(np.isnan(values).all(axis=0))
    return [
        BatchFinding(FEATURES[i], "absent", f"required, and missing for all {len(values)} players")
        for i in REQUIRED
        if is_absent[i]
    ]


def _ranges(values: Floats) -> list[BatchFinding]:
    findings = []
    for name, (low, high) in RANGES.items():
        column = values[:, INDEX[name]]
        outside = column[(column < low) | (column > high)]
        if len(outside):
            findings.append(
                BatchFinding(
                    name,
                    "out of range",
                    f"{len(outside)} values such as {outside[0]:g}, expected {low:g} to {high:g}",
                )
            )
    return findings


def _constant(values: Floats, teams: int) -> list[BatchFinding]:
    findings = []
    for name in (*BY_PLAYER, *BY_TEAM):
        column = values[:, INDEX[name]]
        present = column[~np.isnan(column)]
        distinct = len(np.unique(present))
        by_team = name in BY_TEAM
        is_checked = len(present) >= MIN_ROWS and (not by_team or teams >= MIN_TEAMS)
        minimum = MIN_DISTINCT_TEAMS if by_team else MIN_DISTINCT
        if is_checked and distinct < minimum:
            evidence = f"{distinct} distinct values for {len(present)} players, expected {minimum}"
            findings.append(BatchFinding(name, "constant", evidence))
    return findings


def _drift(values: Floats, reference: Floats) -> list[BatchFinding]:
    findings = []
    for name in DRIFTS:
        column, earlier = values[:, INDEX[name]], reference[:, INDEX[name]]
        now, then = column[~np.isnan(column)], earlier[~np.isnan(earlier)]
        if len(now) < MIN_ROWS or len(then) < REFERENCE_ROWS:
            continue
        spread = max(float(np.sqrt((now.var() + then.var()) / 2.0)), 1e-9)
        shift = (now.mean() - then.mean()) / spread
        if abs(shift) > DRIFT:
            evidence = (
                f"mean {now.mean():.2f}, {shift:+.1f} standard deviations from {then.mean():.2f} before"
            )
            findings.append(BatchFinding(name, "drifting", evidence))
    return findings
