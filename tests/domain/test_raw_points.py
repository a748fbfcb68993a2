"""``raw_prediction`` is a system's own number; only ``predicted_points`` is clamped to 0-60."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pytest

from shared.application.prediction.stage import count_clamped_rows
from shared.domain.arrays import Floats
from shared.domain.systems.catalog import MODEL_SYSTEMS, build_systems, forecast_all
from shared.schemas.predictions import PREDICTION_STAGING
from tests.domain import batches


@dataclass(frozen=True)
class SamePoints:
    """A model that predicts the same for everybody."""

    points: float

    def predict(self, inputs: Floats) -> Floats:
        return np.full(len(inputs), self.points)


@pytest.mark.parametrize(("points", "clamped"), [(75.5, 60.0), (-4.25, 0.0), (31.0, 31.0)])
@pytest.mark.parametrize("system", MODEL_SYSTEMS)
def test_a_models_own_number_is_kept_beside_what_it_is_clamped_to(
    system: str, points: float, clamped: float
) -> None:
    systems = build_systems({system: SamePoints(points)})
    forecast = forecast_all(systems, batches.one(batches.STAR))[system]
    assert (forecast.raw[0], forecast.points[0]) == (points, clamped)


def test_the_anchored_lines_own_number_is_kept_with_a_line_as_well() -> None:
    systems = build_systems({"line_anchored_v1": SamePoints(120.0)})
    batch = batches.one(batches.STAR | {"vegas_points_line": 50.5})
    forecast = forecast_all(systems, batch)["line_anchored_v1"]
    assert forecast.raw[0] == pytest.approx(50.5 + 0.2 * (120.0 - 50.5))
    assert forecast.points[0] == 60.0


def test_every_system_keeps_the_sum_of_its_terms_and_clamps_the_points_only() -> None:
    batch = batches.many(400)
    batch.features[:] *= np.linspace(-4.0, 8.0, 400)[:, None]
    forecasts = forecast_all(build_systems({s: SamePoints(61.0) for s in MODEL_SYSTEMS}), batch)
    outside = 0
    for system, forecast in forecasts.items():
        there = ~np.isnan(forecast.points)
        raw = forecast.raw[there]
        assert (np.isnan(forecast.raw) == ~there).all(), system
        total = np.sum([np.broadcast_to(t, len(there))[there] for t in forecast.terms.values()], axis=0)
        np.testing.assert_allclose(raw, total, atol=1e-9, err_msg=system)
        assert np.clip(raw, 0.0, 60.0).tobytes() == forecast.points[there].tobytes(), system
        outside += int(((raw < 0.0) | (raw > 60.0)).sum())
    assert outside > 100


def test_clamped_rows_are_counted_by_system() -> None:
    rows = [
        {"system_id": s, "raw_prediction": p} for s, p in [("a", 60.1), ("a", 60.0), ("b", -0.1), ("b", 0.0)]
    ]
    schema = PREDICTION_STAGING.arrow_schema
    names = [schema.field(n) for n in ("system_id", "raw_prediction")]
    assert count_clamped_rows([pa.Table.from_pylist(rows, schema=pa.schema(names))]) == {"a": 1, "b": 1}
