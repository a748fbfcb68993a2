"""The figures of an evaluation; errors in points, rates and shares 0-1."""

# Types are made from tables and dataclasses by functions:
# mypy: disable-error-code="valid-type, misc"

from __future__ import annotations

from datetime import date
from typing import Annotated, TypedDict

from msgspec import Meta

from backfill_jobs.cli.json_output.types import SystemId, variant
from shared.domain.evaluation import Bin
from shared.domain.statistics import Interval, Rate


class Errors(TypedDict):
    """Errors in points, of predicted - actual; null without rows."""

    mae: float | None
    bias: float | None
    rmse: float | None


class RotationErrors(Errors):
    """Errors for the players of the rotation, with a line or without."""

    n: int


class MeanReturn(TypedDict):
    """The mean return per unit staked at the quoted prices, and the number of bets."""

    value: float | None
    n: int


IntervalCoverage = variant(Rate, wanted=float, width=float)
_Return = TypedDict("_Return", {"return": MeanReturn}, total=False)


class SystemFigures(_Return, total=False):
    """A system and the line on the same rows; a system without rows has ``n`` and ``identical_rows`` only.

    ``line_bias``: mean(predicted - line). ``hit``: hit rate by minimum edge. ``priced``: rows with prices of
    both sides, which the log losses, ``brier``, the calibration error ``ece`` and ``reliability`` cover.
    ``ece_limit``: an ``ece`` that chance explains. ``identical_rows``: the rows are common to the systems.
    """

    n: int
    mae: float | None
    bias: float | None
    rmse: float | None
    line_mae: float
    mae_minus_line: Interval | None
    line_bias: float
    hit: dict[Annotated[str, Meta(title="EDGE")], Rate]
    priced: int
    log_loss: float | None
    market_log_loss: float | None
    brier: float | None
    ece: float | None
    ece_limit: float | None
    reliability: list[Bin]
    interval: IntervalCoverage | None
    identical_rows: bool
    rotation: RotationErrors


class GroupErrors(TypedDict):
    """MAE of the line and of each system on a group of rows."""

    group: str
    n: int
    line_mae: float
    mae: dict[SystemId, float]


class EvaluationReport(TypedDict):
    """``rows``: rows with a line that the systems have in common. ``suspected_leaks``: a sentence each."""

    rows: int
    first: date
    last: date
    line: Errors
    always_under: Rate
    systems: dict[SystemId, SystemFigures]
    windows: list[GroupErrors]
    line_bands: list[GroupErrors]
    player_tiers: list[GroupErrors]
    precision: list[GroupErrors]
    suspected_leaks: list[str]
