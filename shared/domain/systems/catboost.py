"""A trained model as a system."""

from __future__ import annotations

from dataclasses import dataclass

from shared.domain.arrays import Floats
from shared.domain.steps import Steps
from shared.domain.systems.assembly import finish_forecast, missing_required
from shared.domain.systems.base import Batch, Forecast, Regressor, memoized_per_batch

_QUALITY_BONUS = Steps((70.0, 80.0, 90.0), (2.0, 5.0, 7.0, 10.0), unknown=2.0)
_SPREAD_BONUS = Steps((4.0, 6.0, 8.0), (10.0, 7.0, 5.0, 2.0), unknown=2.0)


@dataclass(frozen=True)
class CatBoostSystem:
    """The model's prediction, in points clamped to 0-60; there is no fallback without the model.

    Confidence 79-95: 75, plus 2, 5, 7 or 10 as feature quality reaches 70, 80, 90, plus 2, 5, 7 or 10 as
    the spread of the last ten games falls below 8, 6, 4 points. It ranks rows by their inputs and is no
    probability. Source: the inherited formulas.
    """

    system_id: str
    model: Regressor
    min_edge: float = 1.0
    min_confidence: float = 60.0
    members: tuple[str, ...] = ()

    def inputs(self, batch: Batch) -> Floats:
        return batch.features

    def forecast(self, batch: Batch, members: dict[str, Forecast]) -> Forecast:  # noqa: ARG002
        points = self.model.predict(self.inputs(batch))
        return finish_forecast(points, _confidence(batch), missing_required(batch), terms={"model": points})


@memoized_per_batch
def _confidence(batch: Batch) -> Floats:
    return 75.0 + _QUALITY_BONUS(batch.quality) + _SPREAD_BONUS(batch.feature("points_std_last_10"))
