"""A trained model as a system."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared.domain.systems.assembly import finish, missing_required
from shared.domain.systems.base import Batch, Floats, Forecast, Regressor


@dataclass(frozen=True)
class CatBoostSystem:
    """What the model says, in points clamped to 0-60; nothing stands in for it.

    Confidence 79-95: 75, plus 2, 5, 7 or 10 for a feature quality of less than 70, 70, 80, 90, plus 2,
    5, 7 or 10 for a spread of the last ten games from 8, under 8, 6, 4 points. Source: the formulas
    handed down; it ranks rows by their inputs and is no probability.
    """

    system_id: str
    model: Regressor
    min_edge: float = 1.0
    min_confidence: float = 60.0
    members: tuple[str, ...] = ()

    def inputs(self, batch: Batch) -> Floats:
        return batch.features

    def forecast(self, batch: Batch, members: dict[str, Forecast]) -> Forecast:  # noqa: ARG002
        q, spread = batch.quality, batch.feature("points_std_last_10")
        sure = np.where(q >= 90, 10.0, np.where(q >= 80, 7.0, np.where(q >= 70, 5.0, 2.0)))
        calm = np.where(spread < 4, 10.0, np.where(spread < 6, 7.0, np.where(spread < 8, 5.0, 2.0)))
        points = self.model.predict(self.inputs(batch))
        return finish(points, 75.0 + sure + calm, missing_required(batch), terms={"model": points})
