from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from shared.domain.promotion import Gate, Trial, drift_gate, evaluate_gates
from shared.domain.statistics import mean_by_date

TRAINED, FIRST = date(2025, 1, 8), date(2025, 1, 9)


def trial(n: int = 400, seed: int = 3) -> Trial:
    """Ten dates of a candidate as good as the champion, from which it differs a little."""
    rng = np.random.default_rng(seed)
    line = rng.uniform(5, 30, n)
    actual = np.round(line + rng.normal(0, 6, n))
    predicted = line + rng.normal(0, 1.5, n)
    return Trial(
        predicted=predicted,
        actual=actual,
        line=line,
        side=np.sign(predicted - line).astype(np.int64),
        day=np.arange(n) % 10,
        champion=predicted + rng.normal(0, 0.3, n),
    )


def failed(t: Trial, end: date = TRAINED, first: date | None = FIRST) -> list[str]:
    return [g.name for g in evaluate_gates(t, end, first) if not g.passed]


def test_an_honest_candidate_passes_every_gate() -> None:
    gates = evaluate_gates(trial(), TRAINED, FIRST)
    assert [g.name for g in gates] == [
        "no_overlap", "graded", "shadow_dates", "line_bias", "tier_bias", "direction", "against_champion"
    ]  # fmt: skip
    assert all(g.passed and g.evidence for g in gates)


def test_the_old_mistake_cannot_be_made() -> None:
    """Better MAE than the champion on 114 picks, and 2.3 points below the lines."""
    t = trial(114)
    low = t.line - 2.3 + np.random.default_rng(1).normal(0, 0.8, 114)
    lucky = np.round(t.line - 2.6 + np.random.default_rng(2).normal(0, 4, 114))
    candidate = replace(t, predicted=low, actual=lucky, side=np.sign(low - t.line).astype(np.int64))
    assert np.abs(candidate.predicted - lucky).mean() < np.abs(candidate.champion - lucky).mean()
    assert {"line_bias", "direction"} <= set(failed(candidate))
    told = {g.name: g.evidence for g in evaluate_gates(candidate, TRAINED, FIRST)}
    assert "-2.3" in told["line_bias"]
    assert "OVER of" in told["direction"]


@pytest.mark.parametrize(
    ("change", "gate"),
    [
        (lambda t: replace(t, day=np.arange(400) % 6), "shadow_dates"),
        (lambda t: replace(t, line=np.where(np.arange(400) < 49, t.line, np.nan)), "graded"),
        (lambda t: replace(t, predicted=np.where(t.line < 8, t.predicted + 6, t.predicted)), "tier_bias"),
        (lambda t: replace(t, side=np.where(np.arange(400) < 90, t.side, -1)), "direction"),
        (lambda t: replace(t, side=np.zeros(400, np.int64)), "direction"),
        (lambda t: replace(t, predicted=t.predicted + np.sign(t.predicted - t.actual)), "against_champion"),
        (lambda t: replace(t, line=np.full(400, np.nan)), "line_bias"),
        (lambda t: replace(t, day=np.zeros(400, np.int64)), "against_champion"),
    ],
)
def test_each_gate_refuses_what_it_is_there_for(change: object, gate: str) -> None:
    assert callable(change)
    assert gate in failed(change(trial()))


def test_games_of_the_training_do_not_count() -> None:
    assert failed(trial(), end=FIRST) == ["no_overlap"]
    assert "no_overlap" in failed(trial(), first=None)


def test_without_a_champion_there_is_nothing_to_be_worse_than() -> None:
    assert failed(replace(trial(), champion=np.full(400, np.nan))) == []


def test_nothing_graded_passes_no_gate_of_its_own() -> None:
    none = np.zeros(0)
    empty = Trial(none, none, none, none.astype(np.int64), none.astype(np.int64), none)
    assert {"graded", "shadow_dates", "line_bias", "tier_bias", "direction"} <= set(failed(empty))


def test_drift_needs_a_distribution_and_names_what_moved() -> None:
    assert drift_gate({}) == Gate(
        "feature_drift", False, "the bundle has no training distribution to compare with"
    )
    assert drift_gate({"a": 0.1, "b": 0.24}).passed
    moved = drift_gate({"a": 0.3, "b": 0.9, "c": 0.0})
    assert (moved.passed, moved.evidence) == (False, "2 features above 0.25 by PSI: b 0.90, a 0.30")


def test_an_interval_by_date_is_wider_where_dates_differ() -> None:
    day = np.repeat(np.arange(20), 50)
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 1, 1000)
    alike, apart = mean_by_date(noise, day), mean_by_date(noise + rng.normal(0, 1, 20)[day], day)
    assert alike is not None
    assert apart is not None
    assert apart.high - apart.low > 2 * (alike.high - alike.low)
    assert alike.low <= alike.value <= alike.high
    assert mean_by_date(noise, np.zeros(1000, np.int64)) is None
