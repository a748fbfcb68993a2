"""The eight systems for one player, in plain Python: what a worker that takes one message at a time runs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import stdev
from typing import Any

from shared.domain.features.contract import FEATURES, REQUIRED

FORMULAS = ("moving_average", "zone_matchup_v1", "similarity_balanced_v1")
MODELS = ("catboost_v8", "catboost_v9", "catboost_v9_2026_02")
SYSTEMS = (*FORMULAS, *MODELS, "ensemble_v1", "ensemble_v1_1")
FIXED = {"moving_average": 0.20, "zone_matchup_v1": 0.10, "similarity_balanced_v1": 0.25, "catboost_v9": 0.45}

Row = Mapping[str, float | None]


@dataclass(frozen=True)
class Told:
    """The forecast of one system for one player; ``points`` is None where there is a ``reason``.

    ``raw``: points before clamping to 0-60.
    """

    points: float | None
    raw: float
    confidence: float
    reason: str | None
    missing: tuple[str, ...] = ()
    min_edge: float = 2.0
    min_confidence: float = 45.0


def forecast(job: Any, f: Row, models: Mapping[str, float]) -> dict[str, Told]:
    told = {
        "moving_average": _moving_average(f),
        "zone_matchup_v1": _zone_matchup(f, job.league_def_rating),
        "similarity_balanced_v1": _similarity(f, job),
    }
    for system in MODELS:
        told[system] = _catboost(f, models[system], job.feature_quality_score)
    told["ensemble_v1"] = _ensemble(told, None)
    told["ensemble_v1_1"] = _ensemble(told, FIXED)
    return told


def _finish(
    points: float, confidence: float, reason: str | None, missing: Sequence[str], **more: float
) -> Told:
    if reason:
        return Told(None, 0.0, confidence, reason, tuple(missing), **more)
    return Told(min(max(points, 0.0), 60.0), points, confidence, None, tuple(missing), **more)


def _missing_required(f: Row, also: Sequence[str] = ()) -> str | None:
    for name in [*(FEATURES[i] for i in REQUIRED), *also]:
        if f[name] is None:
            return f"missing_feature:{name}"
    return None


def _adjust(terms: Mapping[str, float | None]) -> tuple[float, list[str]]:
    total = 0.0
    for term in terms.values():
        total = total + (term or 0.0)
    return total, [name for name, term in terms.items() if term is None]


def _times(factor: float, value: float | None) -> float | None:
    return None if value is None else factor * value


def _fatigue(score: float | None, tired: float, worn: float) -> float | None:
    return None if score is None else -worn if score < 50 else -tired if score < 70 else 0.0


def _formula_confidence(f: Row) -> float:
    spread, games = f["points_std_last_10"], f["games_in_last_7_days"]
    steady = (
        -15.0 if spread is not None and spread > 6 else -8.0 if spread is not None and spread > 4 else 0.0
    )
    rhythm = 10.0 if games is not None and games >= 3 else 5.0 if games is not None and games >= 2 else -10.0
    return min(max(50.0 + steady + rhythm, 20.0), 80.0)


def _moving_average(f: Row) -> Told:
    reason = _missing_required(f, ("points_avg_season",))
    if reason:
        return _finish(0.0, 0.0, reason, ())
    base = 0.50 * f["points_avg_last_5"] + 0.30 * f["points_avg_last_10"] + 0.20 * f["points_avg_season"]  # type: ignore[operator]
    total, missing = _adjust(
        {
            "fatigue_score": _fatigue(f["fatigue_score"], 1.0, 2.5),
            "shot_zone_mismatch_score": _times(0.3, f["shot_zone_mismatch_score"]),
            "back_to_back": _times(-1.5, f["back_to_back"]),
            "pace_score": _times(0.3, f["pace_score"]),
            "home_away": 0.5 if f["home_away"] == 1.0 else -0.5,
            "usage_spike_score": _times(0.4, f["usage_spike_score"]),
        }
    )
    return _finish(base + total, _formula_confidence(f), None, missing)


def _zone_matchup(f: Row, league: float | None) -> Told:
    reason = _missing_required(f, ("points_avg_season",))
    if reason:
        return _finish(0.0, 0.0, reason, ())
    three = f["pct_three"]
    located = {"paint": (f["pct_paint"], 1.2), "mid_range": (f["pct_mid_range"], 1.0), "three": (three, 1.1),
               "free_throw": (f["pct_free_throw"], 0.8)}  # fmt: skip
    box = {"two_point": (None if three is None else 1.0 - three, 1.1), "three": (three, 1.1),
           "free_throw": (f["pct_free_throw"], 0.8)}  # fmt: skip
    known = all(share is not None for share, _ in located.values())
    gap = None if league is None else f["opponent_def_rating"] - league  # type: ignore[operator]
    terms: dict[str, float | None] = {z: _zone(gap, *of) if known else 0.0 for z, of in located.items()}
    terms |= {f"box_zones:{z}": 0.0 if known else _zone(gap, *of) for z, of in box.items()}
    terms |= {
        "pace_score": _times(0.4, f["pace_score"]),
        "home_away": 0.8 if f["home_away"] == 1.0 else -0.8,
        "fatigue_score": _fatigue(f["fatigue_score"], 0.8, 1.5),
    }
    total, missing = _adjust(terms)
    return _finish((f["points_avg_season"] or 0.0) + total, _formula_confidence(f), None, missing)


def _zone(gap: float | None, share: float | None, multiplier: float) -> float | None:
    if gap is None or share is None:
        return None
    weight = 1.0 if share >= 0.40 else 0.7 if share >= 0.20 else 0.4
    return min(max(gap * 0.3 * multiplier, -3.0), 3.0) * weight


def _similarity(f: Row, job: Any) -> Told:
    reason = _missing_required(f, ("points_avg_season",))
    more = {"min_edge": 2.0, "min_confidence": 65.0}
    games = [job.recent[i : i + 5] for i in range(0, len(job.recent), 5)]
    if reason or job.league_def_rating is None or job.days_rest is None:
        return _finish(0.0, 0.0, reason or "too_few_similar_games", (), **more)
    tier = _third(f["opponent_def_rating"] - job.league_def_rating, 2.0)  # type: ignore[operator]
    form = _third(f["points_avg_last_5"] - f["points_avg_season"], 3.0)  # type: ignore[operator]
    scored = []
    for points, its_tier, rest, home, its_form in games:
        apart, rests = abs(its_tier - tier), abs(min(rest, 3.0) - min(job.days_rest, 3.0))
        alike = 40.0 if apart == 0 else 20.0 if apart == 1 else 0.0
        alike += 30.0 if rests == 0 else 15.0 if rests == 1 else 0.0
        alike += (15.0 if home == f["home_away"] else 0.0) + (15.0 if its_form == form else 5.0)
        scored.append((alike, points))
    best = [s for s in sorted(scored, key=lambda s: -s[0])[:20] if s[0] >= 70.0]
    total, missing = _adjust(
        {
            "fatigue_score": None if f["fatigue_score"] is None else (f["fatigue_score"] - 70.0) * 0.015,
            "shot_zone_mismatch_score": _times(0.4, f["shot_zone_mismatch_score"]),
            "pace_score": _times(0.8, f["pace_score"]),
            "usage_spike_score": _times(0.8, f["usage_spike_score"]),
            "home_away": 0.8 if f["home_away"] == 1.0 else -0.5,
        }
    )
    if len(best) < 5:
        return _finish(0.0, 0.0, "too_few_similar_games", missing, **more)
    mean = math.fsum(a / 100.0 * p for a, p in best) / math.fsum(a / 100.0 for a, _ in best)
    spread, likeness = stdev(p for _, p in best), math.fsum(a for a, _ in best) / len(best)
    n = len(best)
    sure = 35.0 + (12.0 if n >= 15 else 9.0 if n >= 10 else 6.0 if n >= 7 else -10.0)
    sure += 12.0 if likeness >= 85 else 9.0 if likeness >= 75 else 6.0
    sure += 10.0 if spread < 4 else 6.0 if spread < 6 else 2.0 if spread < 8 else -5.0
    return _finish(mean + total, min(max(sure, 0.0), 100.0), None, missing, **more)


def _third(gap: float, width: float) -> float:
    return 1.0 if gap >= width else -1.0 if gap <= -width else 0.0


def _catboost(f: Row, points: float, quality: float) -> Told:
    spread = f["points_std_last_10"]
    spread = math.inf if spread is None else spread
    sure = 10.0 if quality >= 90 else 7.0 if quality >= 80 else 5.0 if quality >= 70 else 2.0
    calm = 10.0 if spread < 4 else 7.0 if spread < 6 else 5.0 if spread < 8 else 2.0
    return _finish(points, 75.0 + sure + calm, _missing_required(f), (), min_edge=1.0, min_confidence=60.0)


def _ensemble(told: Mapping[str, Told], weights: Mapping[str, float] | None) -> Told:
    members = {m: told[m] for m in FIXED}
    here = {m: t for m, t in members.items() if t.points is not None}
    more = {"min_edge": 1.5, "min_confidence": 65.0}
    missing = [f"member:{m}" for m in members if m not in here]
    if len(here) < 2:
        return _finish(0.0, 0.0, "too_few_members", missing, **more)
    weight = {m: weights[m] if weights else t.confidence for m, t in here.items()}
    points = {m: t.points or 0.0 for m, t in here.items()}
    mean = math.fsum(weight[m] * p for m, p in points.items()) / math.fsum(weight.values())
    centre = math.fsum(points.values()) / len(here)
    spread = math.sqrt(math.fsum((p - centre) ** 2 for p in points.values()) / len(here))
    agree = 10.0 if spread < 2 else 5.0 if spread < 3 else -5.0 if spread < 6 else -10.0
    sure = math.fsum(t.confidence for t in here.values()) / len(here) + agree
    sure += 5.0 if len(here) == len(members) else 0.0
    return _finish(mean, min(max(sure, 20.0), 95.0), None, missing, **more)
