"""Predict rows that a caller brings along; nothing is read or written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from shared.application.prediction.job_batch import build_matrix
from shared.application.prediction.predict import Predict
from shared.domain.features.context import ALL_INPUTS, CONTEXT
from shared.domain.features.contract import FEATURES
from shared.domain.features.recent_games import RECENT_FIELDS, RECENT_GAMES
from shared.domain.market.betting import sides_and_bets
from shared.domain.market.lines import no_vig_over
from shared.domain.market.recommendation import SIDES, edge, round_points, sides
from shared.domain.systems.base import Batch, Chance, Forecast, System
from shared.domain.systems.catalog import forecast_all, select_with_members
from shared.errors import Rejected
from shared.schemas.messages import MIN_ODDS
from shared.schemas.rows import EXTRA_INPUTS, FeatureLists, Rows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class NoPrediction(msgspec.Struct, frozen=True):
    """Why a system gives no numbers."""

    reason: str


class PredictedPoints(msgspec.Struct, frozen=True, gc=False):
    """What a system that gives points says of one row."""

    predicted_points: float | None
    raw_prediction: float | None
    confidence: float | None
    edge: float | None
    recommendation: str
    missing_inputs: Sequence[str]


class PredictedChance(PredictedPoints, frozen=True, gc=False):
    """What a system that gives a distribution says."""

    prob_over: float | None
    interval_low: float | None
    interval_high: float | None
    expected_value: float | None
    kelly_fraction: float | None
    no_bet_reason: str | None


_OF_ROW, _NOTHING_BESIDE = attrgetter(*EXTRA_INPUTS), (None,) * len(EXTRA_INPUTS)
_PLACE = {name: i for i, name in enumerate(ALL_INPUTS)}

CONTRACT_POSITIONS = [_PLACE[name] for name in FEATURES]
"""Places of the contract's features alone, all of them in their order: most rows come so."""

RowPrediction = dict[str, PredictedPoints | NoPrediction]
"""By system."""


class Columns(NamedTuple):
    """The predictions of one system for n rows.

    ``values``: by field name and in field order of ``PredictedPoints``, or of ``PredictedChance`` if the
    system gives a distribution. ``reasons``: why it gives no prediction, else None.
    """

    values: Mapping[str, Floats | Sequence[Any]]
    reasons: Sequence[str | None]


@dataclass
class BatchRequest:
    """One caller's rows; ``predictions`` is there once they are predicted.

    ``features``: (n, 62) in the order of ``ALL_INPUTS``, or without the context (n, 33) in that of
    ``FEATURES``; ``beside``: (n, 5) in that of ``EXTRA_INPUTS``, None where no row has any.
    """

    features: Floats
    extra_inputs: Floats | None
    systems: tuple[str, ...]
    predictions: list[RowPrediction] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.features)


BATCHING_PAYS_UP_TO_ROWS, MAX_INLINE_ROWS = 16, 256
"""Rows of one caller from which company saves nothing; rows that are predicted in about a millisecond."""


def fits_inline(asked: Sequence[BatchRequest]) -> bool:
    """Whether they are predicted sooner than they are handed to a thread."""
    return sum(len(a) for a in asked) <= MAX_INLINE_ROWS


class PredictRows:
    def __init__(self, predict: Predict) -> None:
        self._predict = predict

    def __call__(
        self,
        rows: Sequence[Mapping[str, Any]],
        systems: Sequence[str] | None,
        columns: Sequence[str] | None = None,
    ) -> list[dict[str, Any]]:
        """One answer per row and system; ``Rejected`` names a feature or system that is not known.

        ``columns``: names of the features, which rows then give as lists.
        """
        asked = BatchRequest(
            np.array([_values(i, _named(i, row["features"], columns)) for i, row in enumerate(rows)]),
            np.array([[row[name] for name in EXTRA_INPUTS] for row in rows], dtype=np.float64),
            self.resolve_systems(systems),
        )
        self.predict_together([asked])
        return [msgspec.to_builtins(answer) for answer in asked.predictions]

    def resolve_systems(self, systems: Sequence[str] | None) -> tuple[str, ...]:
        """The systems to run, all that run here for None; ``Rejected`` for one that does not."""
        if systems is not None and not systems:
            raise Rejected(f"systems: none, wanted some of {self._predict.system_ids}")
        off = [s for s in systems or () if s not in self._predict.system_ids]
        if off:
            raise Rejected(
                f"systems: {off[0]!r} does not run here, wanted some of {self._predict.system_ids}"
            )
        return self._predict.system_ids if systems is None else tuple(systems)

    def build_request(self, rows: Rows | FeatureLists) -> BatchRequest | None:
        """Decoded rows, None where something is wrong with them; ``Rejected`` as ``resolve_systems``."""
        beside = rows.extra_inputs if isinstance(rows, FeatureLists) else _beside(rows)
        if beside is not None and (np.abs(beside[:, 1:3]) < MIN_ODDS).any():
            return None
        features = _in_order(rows) if isinstance(rows, FeatureLists) else _by_name(rows)
        return (
            None if features is None else BatchRequest(features, beside, self.resolve_systems(rows.systems))
        )

    def predict_together(self, asked: Sequence[BatchRequest]) -> None:
        """RowPrediction callers together: one call of each model for all who want the same systems."""
        alike: dict[Any, list[BatchRequest]] = {}
        for one in asked:
            alike.setdefault((one.systems, one.features.shape[1], one.extra_inputs is None), []).append(one)
        for some in alike.values():
            beside = [a.extra_inputs for a in some if a.extra_inputs is not None]
            answers = self._answers(
                _joined([a.features for a in some]), _joined(beside) if beside else None, some[0].systems
            )
            for one in some:
                one.predictions, answers = answers[: len(one)], answers[len(one) :]

    def predict_columns(self, asked: BatchRequest) -> dict[str, Columns]:
        """By system what it says of one caller's rows; nothing else is asked at the same time."""
        return dict(self._said(asked.features, asked.extra_inputs, asked.systems))

    def _answers(self, given: Floats, beside: Floats | None, wanted: Sequence[str]) -> list[RowPrediction]:
        told = {name: _told(columns) for name, columns in self._said(given, beside, wanted)}
        if len(told) == 1:
            ((name, answers),) = told.items()
            return [{name: answer} for answer in answers]
        return [dict(zip(told, row, strict=True)) for row in zip(*told.values(), strict=True)] or [{}] * len(
            given
        )

    def _said(
        self, given: Floats, beside: Floats | None, wanted: Sequence[str]
    ) -> Iterator[tuple[str, Columns]]:
        n = len(given)
        line, over, under, league, rest = _unknown(len(EXTRA_INPUTS), n) if beside is None else beside.T
        context = given[:, len(FEATURES) :]
        batch = Batch(
            features=given[:, : len(FEATURES)],
            quality=np.full(n, 100.0),
            league_def_rating=league,
            recent=_unknown(n, RECENT_GAMES, len(RECENT_FIELDS)),
            days_rest=rest,
            context=context if context.size else _unknown(n, len(CONTEXT)),
            line=line,
            market=over if beside is None else no_vig_over(over, under),
        )
        forecasts = forecast_all(select_with_members(self._predict.systems, wanted), batch)
        for system in self._predict.systems:
            if system.system_id in wanted:
                yield system.system_id, _columns(system, forecasts[system.system_id], line, over, under)


def _columns(system: System, forecast: Forecast, line: Floats, over: Floats, under: Floats) -> Columns:
    """What one system says of every row, by the names of ``PredictedPoints`` or ``PredictedChance``."""
    points = round_points(forecast.points)
    gaps = edge(points, line)
    side = sides(gaps, forecast.confidence, system.min_edge, system.min_confidence)
    of_chance: dict[str, Any] = {}
    if forecast.chance is not None:
        side, of_chance = _chance_columns(side, forecast.chance, gaps, over, under)
    said: dict[str, Any] = {
        "predicted_points": points,
        "raw_prediction": forecast.raw,
        "confidence": forecast.confidence,
        "edge": gaps,
        "recommendation": [SIDES[i] for i in side.tolist()],
        "missing_inputs": forecast.missing_inputs,
    }
    return Columns(said | of_chance, forecast.reasons)


def _chance_columns(
    side: Ints, chance: Chance, gaps: Floats, over: Floats, under: Floats
) -> tuple[Ints, dict[str, Any]]:
    """Return the sides that are worth their price, and the columns of a distribution."""
    side, found = sides_and_bets(side, chance.over, gaps, over, under)
    return side, {
        "prob_over": chance.over,
        "interval_low": np.round(chance.low, 1),
        "interval_high": np.round(chance.high, 1),
        "expected_value": found.value,
        "kelly_fraction": found.stake,
        "no_bet_reason": found.against,
    }


@lru_cache(maxsize=64)
def _unknown(*shape: int) -> Floats:
    """Nothing but NaN, in the memory of one of them."""
    return np.broadcast_to(np.nan, shape)


def _joined(arrays: Sequence[Floats]) -> Floats:
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)


def _told(said: Columns) -> list[PredictedPoints | NoPrediction]:
    """One answer for every row."""
    make = PredictedPoints if len(said.values) == len(PredictedPoints.__struct_fields__) else PredictedChance
    # NaN stays: written as JSON it is null.
    columns = [v.tolist() if isinstance(v, np.ndarray) else v for v in said.values.values()]
    if not any(said.reasons):
        return list(map(make, *columns))
    return [
        NoPrediction(reason) if reason else make(*values)
        for reason, values in zip(said.reasons, zip(*columns, strict=True), strict=True)
    ]


def _beside(rows: Rows) -> Floats | None:
    """(n, 5), None where no row has any."""
    given = list(map(_OF_ROW, rows.rows))
    return None if given.count(_NOTHING_BESIDE) == len(given) else build_matrix(len(EXTRA_INPUTS), given)


def _by_name(rows: Rows) -> Floats:
    """(n, 62) of rows that name their features."""
    return build_matrix(len(ALL_INPUTS), [msgspec.structs.astuple(row.features) for row in rows.rows])


def _in_order(rows: FeatureLists) -> Floats | None:
    """(n, 33) or (n, 62) of rows that give lists, None where a column is unknown or named twice."""
    places = [_PLACE.get(name, -1) for name in rows.columns]
    if places == CONTRACT_POSITIONS:
        return rows.features
    if -1 in places or len(set(places)) != len(places):
        return None
    return spread_columns(rows.features, places, len(ALL_INPUTS))


def spread_columns(values: Floats, places: Sequence[int], width: int) -> Floats:
    """(n, width) that holds (n, k) values at k places, and NaN at the others."""
    whole = np.full((len(values), width), np.nan)
    whole[:, places] = values
    return whole


def _named(
    row: int, given: Mapping[str, float | None] | Sequence[float | None], columns: Sequence[str] | None
) -> Mapping[str, float | None]:
    """Features by name; ``Rejected`` where names and numbers do not go together."""
    if isinstance(given, Mapping):
        if columns is not None:
            raise Rejected(f"row {row}: features by name, wanted a list in the order of columns")
        return given
    if columns is None:
        raise Rejected(f"row {row}: a list of features, wanted columns to name them")
    if len(set(columns)) != len(columns):
        raise Rejected("columns: a feature is named twice")
    if len(given) != len(columns):
        raise Rejected(f"row {row}: {len(given)} features, wanted the {len(columns)} of columns")
    return dict(zip(columns, given, strict=True))


def _values(row: int, named: Mapping[str, float | None]) -> list[float]:
    """The 33 features and the context, NaN where nothing was given."""
    unknown = sorted(set(named) - set(ALL_INPUTS))
    if unknown:
        raise Rejected(f"row {row}: feature {unknown[0]!r} is unknown, wanted names of the contract")
    values = [float("nan") if named.get(name) is None else float(named[name] or 0.0) for name in ALL_INPUTS]
    infinite = [n for n, v in zip(ALL_INPUTS, values, strict=True) if np.isinf(v)]
    if infinite:
        raise Rejected(f"row {row}: feature {infinite[0]} is infinite, wanted a finite number or null")
    return values
