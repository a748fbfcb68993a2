"""The health of the served models, from the graded rows of the last week."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow.compute as pc

from shared.domain.model_health import HealthAssessment, assess_health
from shared.domain.statistics import wilson
from shared.domain.systems.catalog import MODEL_SYSTEMS
from shared.ports import Warehouse
from shared.warehouse.history import day_numbers, floats, strings
from shared.warehouse.statements import statement

DAYS = 7


class ModelHealth:
    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def __call__(self, last: date, days: int = DAYS) -> dict[str, HealthAssessment]:
        """Assess every system with a model, on its live rows of the ``days`` game dates to ``last``."""
        return {s: self._assess_system(s, last - timedelta(days=days - 1), last) for s in MODEL_SYSTEMS}

    def _assess_system(self, system: str, first: date, last: date) -> HealthAssessment:
        query = statement("accuracy_of_system", first=first, last=last, system_id=system)
        rows = self._warehouse.query(query)
        rows = rows.filter(pc.equal(rows["counted_as"], "LIVE"))
        error, actual = floats(rows["signed_error"]), floats(rows["actual_points"])
        outcome = strings(rows["outcome"])
        hits = int(np.sum(outcome == "HIT"))
        return assess_health(
            error,
            error + actual,
            floats(rows["line_value"]),
            day_numbers(rows["game_date"]),
            wilson(hits, hits + int(np.sum(outcome == "MISS"))),
        )
