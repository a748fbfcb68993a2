from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from shared.domain.features.checks import RANGES, check_batch
from shared.domain.features.contract import FEATURES, INDEX, REQUIRED
from shared.domain.features.lineage import LINEAGE
from shared.domain.features.readiness import Verdict, verdict

NONE = np.empty((0, 33))


def batch(n: int = 200, seed: int = 5) -> np.ndarray:
    """Values within their ranges, each different."""
    rng = np.random.default_rng(seed)
    low = np.array([RANGES.get(f, (0.0, 1.0))[0] for f in FEATURES])
    high = np.array([RANGES.get(f, (0.0, 1.0))[1] for f in FEATURES])
    return low + (high - low) * rng.uniform(0.2, 0.8, (n, 33))


def kinds(values: np.ndarray, teams: int = 12, reference: np.ndarray = NONE) -> list[tuple[str, str]]:
    return [(f.feature, f.kind) for f in check_batch(values, teams, reference)]


def test_a_plausible_batch_has_no_findings() -> None:
    assert kinds(batch(), reference=batch(1000, 6)) == []
    assert kinds(NONE) == []


@pytest.mark.parametrize(
    ("feature", "value", "kind"),
    [
        ("team_win_pct", 0.5, "constant"),  # the old team's: for months
        ("points_avg_last_5", 10.0, "constant"),
        ("fatigue_score", -5.0, "out of range"),  # the adjustment stored as the score, for six days
        ("pct_paint", 45.0, "out of range"),  # percent where a fraction was wanted
        ("opponent_pace", np.nan, "absent"),
    ],
)
def test_what_no_check_of_a_row_can_see(feature: str, value: float, kind: str) -> None:
    values = batch()
    values[:, INDEX[feature]] = value
    found = check_batch(values, 12, NONE)
    assert (feature, kind) in [(f.feature, f.kind) for f in found]
    assert feature in str(found[0])


def test_teams_decide_whether_a_team_feature_can_be_constant() -> None:
    values = batch()
    values[:, INDEX["team_pace"]] = np.where(np.arange(200) % 2 == 0, 99.0, 101.0)
    assert kinds(values, teams=2) == []
    assert kinds(values, teams=12) == [("team_pace", "constant")]


def test_a_jump_against_the_weeks_before_is_a_drift() -> None:
    values, before = batch(), batch(1000, 6)
    values[:, INDEX["points_avg_last_10"]] *= 0.1
    assert kinds(values, reference=before) == [("points_avg_last_10", "drifting")]
    assert kinds(values, reference=before[:100]) == []


def test_every_feature_says_where_it_comes_from() -> None:
    assert tuple(LINEAGE) == FEATURES
    assert all(lineage.tables and lineage.needs for lineage in LINEAGE.values())
    assert set(REQUIRED) <= set(range(len(FEATURES)))


DUE = datetime(2025, 3, 19, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expected", "present", "built", "absent", "hours", "said"),
    [
        (100, 100, True, 0, 1, Verdict.READY),
        (100, 90, True, 0, 1, Verdict.READY),
        (100, 89, True, 0, 1, Verdict.BROKEN),
        (100, 100, True, 1, 1, Verdict.BROKEN),
        (100, 0, False, 0, 1, Verdict.BROKEN),
        (100, 0, False, 0, -1, Verdict.NOT_YET_DUE),
        (100, 50, True, 0, -1, Verdict.NOT_YET_DUE),
        (100, 100, True, 0, -1, Verdict.READY),
        (0, 0, True, 0, 1, Verdict.BROKEN),
        (0, 0, False, 0, -1, Verdict.NOT_YET_DUE),
    ],
)
def test_three_verdicts(
    expected: int, present: int, built: bool, absent: int, hours: int, said: Verdict
) -> None:
    now = DUE + timedelta(hours=hours)
    facts = {"expected": expected, "present": present, "built": built, "absent": absent}
    assert verdict(**facts, stale=False, due_at=DUE, now=now) is said
    assert verdict(**facts, stale=True, due_at=DUE, now=now) is not Verdict.READY
