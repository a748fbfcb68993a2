"""Accuracy of all systems and models over a date range, summed in the warehouse."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

from shared.application.grading.performance import Figures
from shared.domain.statistics import wilson
from shared.ports import Warehouse
from shared.warehouse.statements import query_rows


@dataclass(frozen=True)
class Totals:
    """Sums over rows whose player played. Unlike means, sums of different rows can be added."""

    n: int = 0
    absolute: float = 0.0
    signed: float = 0.0
    lined_n: int = 0
    lined_absolute: float = 0.0
    line_absolute: float = 0.0
    hits: int = 0
    decided: int = 0
    under: int = 0

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    def figures(self) -> Figures:
        return Figures(
            n=self.n,
            mae=_mean(self.absolute, self.n),
            bias=_mean(self.signed, self.n),
            lined_n=self.lined_n,
            lined_mae=_mean(self.lined_absolute, self.lined_n),
            line_mae=_mean(self.line_absolute, self.lined_n),
            hit=wilson(self.hits, self.decided),
            always_under=wilson(self.under, self.decided),
        )


@dataclass(frozen=True)
class AccuracyKey:
    """System, model and kind (LIVE, SHADOW, BACKFILL) of rows; ``model_key`` is a hash or 'formula'."""

    system_id: str
    model_key: str
    counted_as: str


def accuracy_totals(warehouse: Warehouse, first: date, last: date) -> dict[AccuracyKey, Totals]:
    rows = query_rows(warehouse, "accuracy_totals", first=first, last=last)
    keys = [AccuracyKey(r["system_id"], r["model_key"], r["counted_as"]) for r in rows]
    totals = [Totals(*(r[f.name] for f in fields(Totals))) for r in rows]
    return dict(zip(keys, totals, strict=True))


def _mean(total: float, n: int) -> float | None:
    return round(total / n, 4) if n else None
