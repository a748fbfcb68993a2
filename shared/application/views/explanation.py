"""Explanation of a prediction: terms that add up to it, and the inputs of these terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from shared.application.prediction.replay import Replay, feature_values, is_clamped
from shared.application.queries.shared_connection import shared_connection
from shared.application.views.rows import from_columns
from shared.domain.market.betting import no_bet_reason
from shared.errors import AppError, NotFound, Rejected, Unavailable
from shared.ports import ModelStore, Warehouse

EXPLANATION_ERRORS: tuple[type[AppError], ...] = (NotFound, Rejected, Unavailable)
"""Errors that leave out the terms or inputs; the stored prediction is still shown."""


@dataclass(frozen=True)
class TermRow:
    """Contribution of one term, points; ``value`` and ``source`` are set if the term is a stored input."""

    term: str
    points: float
    value: float | None
    source: str | None


@dataclass(frozen=True)
class InputRow:
    """One of the 33 features; ``source``: exact, approximated or missing."""

    feature: str
    value: float | None
    source: str | None


@dataclass(frozen=True)
class Explanation:
    """``terms``: largest first. Their sum ``total`` is the prediction, unless it was ``clamped`` to the range
    of possible points. ``missing_reason``: why there are no terms."""

    prediction_id: str
    player_id: int | None
    player_lookup: str
    player_name: str
    game_date: date
    game_id: str
    team: str
    opponent: str
    tipoff: datetime | None
    system_id: str
    role: str
    run_id: str
    mode: str
    as_of: datetime
    predicted_at: datetime
    is_active: bool
    superseded_reason: str | None
    raw: float
    predicted: float
    line: float | None
    sportsbook: str | None
    line_captured_at: datetime | None
    line_precision: str | None
    edge: float | None
    recommendation: str
    confidence: float
    prob_over: float | None
    interval_low: float | None
    interval_high: float | None
    expected_value: float | None
    no_bet_reason: str | None
    missing_inputs: str | None
    quality: float
    model_id: str | None
    model_sha256: str | None
    build_commit: str | None
    snapshot_id: str
    outcome: str | None
    actual: int | None
    terms: tuple[TermRow, ...]
    total: float | None
    clamped: bool
    inputs: tuple[InputRow, ...]
    missing_reason: str | None


class ShowExplanation:
    def __init__(self, warehouse: Warehouse, models: ModelStore) -> None:
        self._warehouse = warehouse
        self._replay = Replay(warehouse, models)

    @shared_connection
    def __call__(self, prediction_id: str, game_date: date | None = None) -> Explanation:
        """Runs at most four statements and reads the model file; ``game_date`` limits the search to one date.
        Raises ``NotFound`` if the prediction is not stored."""
        stored = self._replay.read_prediction(prediction_id, game_date)
        row: Mapping[str, Any] | None = None
        terms: dict[str, float] = {}
        missing_reason = None
        try:
            row = self._replay.read_inputs(stored)
            terms = self._replay.compute_terms(stored, row)
        except EXPLANATION_ERRORS as exc:
            missing_reason = str(exc)
        total = float(sum(terms.values())) if terms else None
        features = feature_values(row) if row is not None else {}
        return from_columns(
            Explanation,
            stored,
            player_name=stored["player_name"] or stored["player_lookup"],
            no_bet_reason=no_bet_reason(stored["recommendation"], stored["no_bet_reason"]),
            **{name: stored[column] for name, column in _RENAMED_COLUMNS.items()},
            terms=tuple(_term(name, points, features) for name, points in terms.items()),
            total=total,
            clamped=total is not None and is_clamped(total),
            inputs=tuple(InputRow(name, f["value"], f["source"]) for name, f in features.items()),
            missing_reason=missing_reason,
        )


def _term(name: str, points: float, features: Mapping[str, Mapping[str, Any]]) -> TermRow:
    feature = features.get(name, {})
    return TermRow(name, points, feature.get("value"), feature.get("source"))


_RENAMED_COLUMNS = {
    "team": "team_abbr",
    "opponent": "opponent_team_abbr",
    "tipoff": "game_start_utc",
    "mode": "prediction_run_mode",
    "raw": "raw_prediction",
    "predicted": "predicted_points",
    "line": "current_points_line",
    "edge": "line_margin",
    "confidence": "confidence_score",
    "quality": "feature_quality_score",
    "snapshot_id": "feature_snapshot_id",
    "actual": "actual_points",
}
"""Fields of the view and the stored columns that they come from."""
