"""Systems that combine the forecasts of others."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shared.domain.arrays import Bools, Floats
from shared.domain.steps import Steps
from shared.domain.systems.assembly import add_reason_where, finish_forecast, names_per_row, sum_sequentially
from shared.domain.systems.base import Batch, Forecast, memoized_per_batch

MEMBERS = ("moving_average", "zone_matchup_v1", "similarity_balanced_v1", "catboost_v9")
FIXED_WEIGHTS = {
    "catboost_v9": 0.45,
    "similarity_balanced_v1": 0.25,
    "moving_average": 0.20,
    "zone_matchup_v1": 0.10,
}
MIN_MEMBERS = 2
_AGREEMENT_BONUS = Steps((2.0, 3.0, 6.0), (10.0, 5.0, -5.0, -10.0), unknown=-10.0)


@dataclass(frozen=True)
class Ensemble:
    """Weighted mean of the members present, in points, range 0-60; at least two members.

    Weights are the members' confidences, or fixed weights, rescaled over those present. Confidence
    20-95: the unweighted mean of the members' confidences, +10, +5, -5 or -10 for a population standard
    deviation of their points under 2, under 3, under 6 or above, +5 when all four are present. It takes
    no vote: the recommendation follows from its own points. Source: the ensembles of the inherited
    formulas, without the members that had no model.
    """

    system_id: str
    weights: dict[str, float] | None = field(default=None)
    min_edge: float = 1.5
    min_confidence: float = 65.0
    members: tuple[str, ...] = MEMBERS

    def forecast(self, batch: Batch, members: dict[str, Forecast]) -> Forecast:
        combined = _members(batch, self.members, tuple(members.get(m) for m in self.members))
        weights = combined.confidences
        if self.weights is not None:
            fixed = np.array([[self.weights[m]] for m in self.members])
            weights = np.where(combined.is_present, fixed, 0.0)
        total = sum_sequentially(weights)
        safe_total = np.where(total > 0, total, 1.0)
        weighted = weights * combined.points
        mean = sum_sequentially(weighted) / safe_total
        terms = dict(zip(self.members, weighted / safe_total, strict=True))
        return finish_forecast(mean, combined.confidence, combined.reasons, combined.missing, terms)


@dataclass(frozen=True)
class _Members:
    """Values that do not depend on weights.

    ``is_present``: (members, n) whether a member predicts; else ``points`` and ``confidences`` are 0.
    ``confidence``, ``reasons`` and ``missing`` are the ensemble's.
    """

    is_present: Bools
    points: Floats
    confidences: Floats
    confidence: Floats
    reasons: tuple[str | None, ...]
    missing: tuple[tuple[str, ...], ...]


@memoized_per_batch
def _members(batch: Batch, names: tuple[str, ...], members: tuple[Forecast | None, ...]) -> _Members:
    n = len(batch)
    present = [m or _absent(n) for m in members]
    stacked = np.array([[m.points for m in present], [m.confidence for m in present]])
    is_present = ~np.isnan(stacked[0])
    points, confidences = np.where(is_present, stacked, 0.0)
    count = is_present.sum(axis=0)
    safe = np.maximum(count, 1.0)
    gaps = np.where(is_present, (points - sum_sequentially(points) / safe) ** 2, 0.0)
    agreement = _AGREEMENT_BONUS(np.sqrt(sum_sequentially(gaps) / safe))
    bonus = np.where(count == len(names), 5.0, 0.0)
    confidence = np.minimum(np.maximum(sum_sequentially(confidences) / safe + agreement + bonus, 20.0), 95.0)
    reasons = add_reason_where((None,) * n, count < MIN_MEMBERS, "too_few_members")
    missing = names_per_row([f"member:{m}" for m in names], ~is_present)
    return _Members(is_present, points, confidences, confidence, reasons, missing)


def _absent(n: int) -> Forecast:
    missing = np.full(n, np.nan)
    return Forecast(missing, missing, (None,) * n, ((),) * n)
