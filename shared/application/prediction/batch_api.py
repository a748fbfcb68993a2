"""Predict the rows of a request; nothing is read from or written to a store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec
import numpy as np

from shared.application.prediction.predict import Predict
from shared.domain.arrays import Floats, Ints
from shared.domain.features.context import ALL_INPUTS, CONTEXT
from shared.domain.features.contract import FEATURES
from shared.domain.features.recent_games import RECENT_FIELDS, RECENT_GAMES
from shared.domain.game_dates import shorten
from shared.domain.market.betting import sides_and_bets
from shared.domain.market.lines import no_vig_over
from shared.domain.market.recommendation import SIDES, edge, round_points, sides
from shared.domain.systems.base import Batch, Chance, Forecast, System
from shared.domain.systems.catalog import forecast_all, select_with_members
from shared.errors import Rejected
from shared.schemas.rows import ALL_COLUMNS, EXTRA_INPUTS, FeatureRows


class NoPrediction(msgspec.Struct, frozen=True):
    """The reason why a system gives no prediction for a row."""

    reason: str


class PredictedPoints(msgspec.Struct, frozen=True, gc=False):
    """The prediction of one row by a system that gives points."""

    predicted_points: float | None
    raw_prediction: float | None
    confidence: float | None
    edge: float | None
    recommendation: str
    missing_inputs: Sequence[str]


class PredictedChance(PredictedPoints, frozen=True, gc=False):
    """The prediction of one row by a system that also gives a distribution."""

    prob_over: float | None
    interval_low: float | None
    interval_high: float | None
    expected_value: float | None
    kelly_fraction: float | None
    no_bet_reason: str | None


_POSITIONS = {name: i for i, name in enumerate(ALL_INPUTS)}

CONTRACT_POSITIONS = [_POSITIONS[name] for name in FEATURES]
"""Positions in ``ALL_INPUTS`` of exactly the contract's features, in order: most requests send these."""

RowPrediction = dict[str, PredictedPoints | NoPrediction]
"""Prediction by system id."""


class Columns(NamedTuple):
    """The predictions of one system for n rows.

    ``values``: by field name and in field order of ``PredictedPoints``, or of ``PredictedChance`` if the
    system gives a distribution. ``reasons``: why it gives no prediction, else None.
    """

    values: Mapping[str, Floats | Sequence[Any]]
    reasons: Sequence[str | None]


@dataclass
class BatchRequest:
    """The rows of one request; ``predictions`` is filled when they are predicted.

    ``features``: (n, 62) in the order of ``ALL_INPUTS``, or (n, 33) without the context, in the order of
    ``FEATURES``. ``extra_inputs``: (n, 5) in the order of ``EXTRA_INPUTS``, None if no row has any.
    """

    features: Floats
    extra_inputs: Floats | None
    systems: tuple[str, ...]
    predictions: list[RowPrediction] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.features)


BATCHING_PAYS_UP_TO_ROWS, MAX_INLINE_ROWS = 16, 256
"""Most rows of a request that gains from batching with others; most rows predicted in about 1 ms."""


def fits_inline(requests: Sequence[BatchRequest]) -> bool:
    """Return whether predicting the rows takes less time than handing them to a thread."""
    return sum(map(len, requests)) <= MAX_INLINE_ROWS


class PredictRows:
    def __init__(self, predict: Predict) -> None:
        self._predict = predict

    def resolve_systems(self, systems: Sequence[str] | None) -> tuple[str, ...]:
        """Return the systems to run, None means all; ``Rejected`` for one that this process does not run."""
        if systems is not None and not systems:
            raise Rejected(f"systems: none, expected some of {self._predict.system_ids}")
        off = [s for s in systems or () if s not in self._predict.system_ids]
        if off:
            raise Rejected(
                f"systems: {off[0]!r} does not run here, expected some of {self._predict.system_ids}"
            )
        return self._predict.system_ids if systems is None else tuple(systems)

    def build_request(self, rows: FeatureRows) -> BatchRequest:
        """Return the request; ``Rejected`` names an unknown or repeated feature, or an unknown system."""
        systems = self.resolve_systems(rows.systems)
        if rows.columns is ALL_COLUMNS:
            return BatchRequest(rows.features, rows.extra_inputs, systems)
        positions = [_POSITIONS.get(name, -1) for name in rows.columns]
        if positions == CONTRACT_POSITIONS:
            return BatchRequest(rows.features, rows.extra_inputs, systems)
        _check_columns(rows.columns, positions)
        features = spread_columns(rows.features, positions, len(ALL_INPUTS))
        return BatchRequest(features, rows.extra_inputs, systems)

    def predict_together(self, requests: Sequence[BatchRequest]) -> None:
        """Fill in the predictions, with one call per model for all requests of the same systems."""
        groups: dict[Any, list[BatchRequest]] = {}
        for r in requests:
            groups.setdefault((r.systems, r.features.shape[1], r.extra_inputs is None), []).append(r)
        for group in groups.values():
            extra = [r.extra_inputs for r in group if r.extra_inputs is not None]
            predictions = self._build_rows(
                _concat([r.features for r in group]), _concat(extra) if extra else None, group[0].systems
            )
            for r in group:
                r.predictions, predictions = predictions[: len(r)], predictions[len(r) :]

    def predict_columns(self, request: BatchRequest) -> dict[str, Columns]:
        """Return the predictions of one request by system, without batching."""
        return dict(self._run_systems(request.features, request.extra_inputs, request.systems))

    def _build_rows(self, features: Floats, extra: Floats | None, ids: Sequence[str]) -> list[RowPrediction]:
        by_system = {name: _to_structs(columns) for name, columns in self._run_systems(features, extra, ids)}
        if len(by_system) == 1:
            ((name, predictions),) = by_system.items()
            return [{name: prediction} for prediction in predictions]
        rows = zip(*by_system.values(), strict=True)
        return [dict(zip(by_system, row, strict=True)) for row in rows] or [{}] * len(features)

    def _run_systems(
        self, features: Floats, extra: Floats | None, ids: Sequence[str]
    ) -> Iterator[tuple[str, Columns]]:
        n = len(features)
        line, over, under, league, rest = _all_nan(len(EXTRA_INPUTS), n) if extra is None else extra.T
        context = features[:, len(FEATURES) :]
        batch = Batch(
            features=features[:, : len(FEATURES)],
            quality=np.full(n, 100.0),
            league_def_rating=league,
            recent=_all_nan(n, RECENT_GAMES, len(RECENT_FIELDS)),
            days_rest=rest,
            context=context if context.size else _all_nan(n, len(CONTEXT)),
            line=line,
            market=over if extra is None else no_vig_over(over, under),
        )
        forecasts = forecast_all(select_with_members(self._predict.systems, ids), batch)
        for system in self._predict.systems:
            if system.system_id in ids:
                yield system.system_id, _build_columns(system, forecasts[system.system_id], line, over, under)


def _build_columns(system: System, forecast: Forecast, line: Floats, over: Floats, under: Floats) -> Columns:
    """Return the predictions of one system, by field of ``PredictedPoints`` or ``PredictedChance``."""
    points = round_points(forecast.points)
    edges = edge(points, line)
    side = sides(edges, forecast.confidence, system.min_edge, system.min_confidence)
    chance_columns: dict[str, Any] = {}
    if forecast.chance is not None:
        side, chance_columns = _build_chance_columns(side, forecast.chance, edges, over, under)
    point_columns: dict[str, Any] = {
        "predicted_points": points,
        "raw_prediction": forecast.raw,
        "confidence": forecast.confidence,
        "edge": edges,
        "recommendation": [SIDES[i] for i in side.tolist()],
        "missing_inputs": forecast.missing_inputs,
    }
    return Columns(point_columns | chance_columns, forecast.reasons)


def _build_chance_columns(
    side: Ints, chance: Chance, edges: Floats, over: Floats, under: Floats
) -> tuple[Ints, dict[str, Any]]:
    """Return the sides that are worth their price, and the columns of a distribution."""
    side, bets = sides_and_bets(side, chance.over, edges, over, under)
    return side, {
        "prob_over": chance.over,
        "interval_low": np.round(chance.low, 1),
        "interval_high": np.round(chance.high, 1),
        "expected_value": bets.value,
        "kelly_fraction": bets.stake,
        "no_bet_reason": bets.against,
    }


@lru_cache(maxsize=64)
def _all_nan(*shape: int) -> Floats:
    """Return a read-only array of NaN that takes the memory of one number."""
    return np.broadcast_to(np.nan, shape)


def _concat(arrays: Sequence[Floats]) -> Floats:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _to_structs(predicted: Columns) -> list[PredictedPoints | NoPrediction]:
    """Return one prediction for every row."""
    make = PredictedChance if "prob_over" in predicted.values else PredictedPoints
    # NaN needs no change: the JSON encoder writes it as null.
    columns = [v.tolist() if isinstance(v, np.ndarray) else v for v in predicted.values.values()]
    if not any(predicted.reasons):
        return list(map(make, *columns))
    return [
        NoPrediction(reason) if reason else make(*values)
        for reason, values in zip(predicted.reasons, zip(*columns, strict=True), strict=True)
    ]


def _check_columns(columns: Sequence[str], positions: Sequence[int]) -> None:
    if -1 in positions:
        unknown = columns[positions.index(-1)]
        raise Rejected(f"body.columns: {shorten(unknown)} is unknown, expected names of the contract")
    if len(set(positions)) != len(positions):
        raise Rejected("body.columns: a feature is named twice")


def spread_columns(values: Floats, positions: Sequence[int], width: int) -> Floats:
    """Return (n, width) with the (n, k) values in the k columns at ``positions`` and NaN elsewhere."""
    matrix = np.full((len(values), width), np.nan)
    matrix[:, positions] = values
    return matrix
