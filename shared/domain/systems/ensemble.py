"""Systems that combine the forecasts of others."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shared.domain.systems.assembly import finish, named
from shared.domain.systems.base import Batch, Floats, Forecast

MEMBERS = ("moving_average", "zone_matchup_v1", "similarity_balanced_v1", "catboost_v9")
FIXED_WEIGHTS = {
    "catboost_v9": 0.45,
    "similarity_balanced_v1": 0.25,
    "moving_average": 0.20,
    "zone_matchup_v1": 0.10,
}
LEAST_MEMBERS = 2


@dataclass(frozen=True)
class Ensemble:
    """Weighted mean of the members present, in points, range 0-60; at least two members.

    Weights are the members' confidences, or fixed ones shared out anew over those present. Confidence
    20-95: the unweighted mean of the members' confidences, +10, +5, -5 or -10 for a population standard
    deviation of their points under 2, under 3, under 6 or above, +5 when all four are there. It takes
    no vote: the recommendation follows from its own points. Source: the ensembles of the formulas
    handed down, without the members that had no model.
    """

    system_id: str
    weights: dict[str, float] | None = field(default=None)
    min_edge: float = 1.5
    min_confidence: float = 65.0
    members: tuple[str, ...] = MEMBERS

    def forecast(self, batch: Batch, members: dict[str, Forecast]) -> Forecast:
        absent = np.full(len(batch), np.nan)
        points = [members[m].points if m in members else absent for m in self.members]
        confidences = [members[m].confidence if m in members else absent for m in self.members]
        here = [~np.isnan(p) for p in points]
        count = _sum([h.astype(np.float64) for h in here])
        safe = np.maximum(count, 1.0)
        weights = [
            np.where(h, c if self.weights is None else self.weights[m], 0.0)
            for m, h, c in zip(self.members, here, confidences, strict=True)
        ]
        total = _sum(weights)
        known = [np.nan_to_num(p) for p in points]
        safe_total = np.where(total > 0, total, 1.0)
        weighted = [w * p for w, p in zip(weights, known, strict=True)]
        mean = _sum(weighted) / safe_total
        centre = _sum(known) / safe
        gaps = [np.where(h, (p - centre) ** 2, 0.0) for h, p in zip(here, known, strict=True)]
        spread = np.sqrt(_sum(gaps) / safe)
        agree = np.where(spread < 2, 10.0, np.where(spread < 3, 5.0, np.where(spread < 6, -5.0, -10.0)))
        all_here = np.where(count == len(self.members), 5.0, 0.0)
        confidence = _sum([np.nan_to_num(c) for c in confidences]) / safe + agree + all_here
        reasons = ["too_few_members" if n < LEAST_MEMBERS else None for n in count.tolist()]
        gone = [(f"member:{m}", ~h) for m, h in zip(self.members, here, strict=True)]
        missing = named(gone, len(batch))
        terms = {m: part / safe_total for m, part in zip(self.members, weighted, strict=True)}
        return finish(mean, np.clip(confidence, 20.0, 95.0), reasons, missing, terms)


def _sum(terms: list[Floats]) -> Floats:
    """Added one after the other, element by element, so that a row's bits do not depend on its company."""
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
