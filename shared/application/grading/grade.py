"""Grade predictions of finished games against what the players did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.domain.arrays import Bools, Strings
from shared.domain.grading import Grade, grade
from shared.domain.vocabulary import Role
from shared.ports import Clock, Warehouse
from shared.schemas.predictions import PREDICTION_ACCURACY
from shared.warehouse.box_scores import BoxScoreState, box_score_states
from shared.warehouse.history import bools, floats, nullable, strings
from shared.warehouse.schedule import games_between, refresh_game_status
from shared.warehouse.statements import statement

FINAL = 3
DAYS_PER_STEP = 100
NOW_COMPLETE = "complete now; the next run without --dry-run grades it"


class GradeStatus(StrEnum):
    """Grading status of a game date. The first three need no further grading."""

    GRADED = "GRADED"
    NO_GAMES = "NO_GAMES"
    NO_PREDICTIONS = "NO_PREDICTIONS"
    PARTIAL = "PARTIAL"
    NOT_FINAL = "NOT_FINAL"
    INCOMPLETE_BOX_SCORE = "INCOMPLETE_BOX_SCORE"
    NO_ACTUALS = "NO_ACTUALS"


FINISHED_STATUSES = (GradeStatus.GRADED, GradeStatus.NO_GAMES, GradeStatus.NO_PREDICTIONS)


@dataclass(frozen=True)
class GradedDate:
    """``pending``: rows whose game is not final or whose box score is incomplete; the next run grades them.

    ``incomplete``: missing parts of the box scores of finished games, by game id.
    """

    game_date: date
    status: GradeStatus
    graded: int
    pending: int
    incomplete: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class GradingResult:
    """Rows by outcome, including PENDING. ``by_system`` counts graded champion rows, ``by_kind`` all rows."""

    outcomes: Counter[str] = field(default_factory=Counter)
    by_system: Counter[str] = field(default_factory=Counter)
    by_kind: Counter[str] = field(default_factory=Counter)
    changed: int = 0
    dates: tuple[GradedDate, ...] = ()

    def __add__(self, other: GradingResult) -> GradingResult:
        return GradingResult(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))


class GradePredictions:
    """Writes one row per key. Grading again changes only rows whose prediction or box score has changed."""

    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse, self._clock = warehouse, clock

    def __call__(
        self,
        first: date,
        last: date,
        *,
        systems: Sequence[str] | None = None,
        regrade: bool = False,
        write: bool = True,
        progress: Callable[[str, int, int], None] = lambda *_: None,
    ) -> GradingResult:
        """Grade the dates ``first`` to ``last``.

        ``regrade`` updates the timestamp of every row, even if its outcome does not change. Without ``write``
        nothing is stored.
        """
        if write:
            refresh_game_status(self._warehouse, self._clock.now(), first, last)
            self._warehouse.transact([statement("accuracy_player_ids", first=first, last=last)])
        total = GradingResult()
        days = (last - first).days + 1
        for offset in range(0, days, DAYS_PER_STEP):
            step_start = first + timedelta(days=offset)
            step_end = min(last, step_start + timedelta(days=DAYS_PER_STEP - 1))
            total += self._grade_step(step_start, step_end, systems, regrade, write)
            progress("grade", (step_end - first).days + 1, days)
        return total

    def _grade_step(
        self, first: date, last: date, systems: Sequence[str] | None, regrade: bool, write: bool
    ) -> GradingResult:
        rows = _select(
            self._warehouse.query(statement("gradable_predictions", first=first, last=last)), systems
        )
        final, graded, outcome = grade_rows(rows, datetime.now(UTC))
        changed = self._write(graded, first, last, systems, regrade) if write else 0
        champions = graded.filter(pc.equal(graded["role"], Role.CHAMPION.value))
        return GradingResult(
            _count(outcome),
            _count(champions["system_id"]),
            _count(graded["counted_as"]),
            changed,
            tuple(self._dates(first, last, rows["game_date"], final)),
        )

    def _write(
        self, graded: pa.Table, first: date, last: date, systems: Sequence[str] | None, regrade: bool
    ) -> int:
        """Upsert the graded rows, and mark stored rows replaced by a later prediction as not current."""
        stored = _select(self._warehouse.query(statement("accuracy_keys", first=first, last=last)), systems)
        table = replace(PREDICTION_ACCURACY, stamps=()) if regrade else PREDICTION_ACCURACY
        changed = self._warehouse.upsert(table, graded, replace=True) if graded.num_rows else 0
        is_current = pc.is_in(stored["prediction_id"], value_set=graded["prediction_id"].combine_chunks())
        has_id = pc.is_valid(stored["player_id"])
        replaced = stored.filter(pc.and_(has_id, pc.invert(is_current))).select(list(PREDICTION_ACCURACY.key))
        graded_keys = set(_keys(graded)) if replaced.num_rows else set()
        replaced = replaced.filter(pa.array([key not in graded_keys for key in _keys(replaced)], pa.bool_()))
        if replaced.num_rows:
            replaced = replaced.append_column("is_current", pa.array([False] * replaced.num_rows))
            changed += self._warehouse.upsert(PREDICTION_ACCURACY, replaced)
        return changed

    def _dates(self, first: date, last: date, days: pa.ChunkedArray, final: Bools) -> Iterator[GradedDate]:
        """Yield for each date the number of graded and pending rows, and why rows are pending."""
        incomplete: dict[date, list[BoxScoreState]] = {}
        for state in box_score_states(self._warehouse, first, last, also_whole=False):
            incomplete.setdefault(state.game_date, []).append(state)
        games: dict[date, list[bool]] = {}
        for game in games_between(self._warehouse, first, last).to_pylist():
            games.setdefault(game["game_date"], []).append(game["game_status"] == FINAL)
        graded, pending = _count(days.filter(pa.array(final))), _count(days.filter(pa.array(~final)))
        for offset in range((last - first).days + 1):
            day = first + timedelta(days=offset)
            states = incomplete.get(day, [])
            status = _status(games.get(day, []), states, graded[day], pending[day])
            missing = {s.game_id: s.missing or NOW_COMPLETE for s in states}
            yield GradedDate(day, status, graded[day], pending[day], missing)


def _status(
    final_games: list[bool], incomplete: Sequence[BoxScoreState], graded: int, pending: int
) -> GradeStatus:
    if graded + pending == 0:
        return GradeStatus.NO_PREDICTIONS if final_games else GradeStatus.NO_GAMES
    if pending == 0:
        return GradeStatus.GRADED
    if graded:
        return GradeStatus.PARTIAL
    if not any(final_games):
        return GradeStatus.NOT_FINAL
    return GradeStatus.INCOMPLETE_BOX_SCORE if any(s.rows for s in incomplete) else GradeStatus.NO_ACTUALS


def _select(rows: pa.Table, systems: Sequence[str] | None) -> pa.Table:
    if systems is None:
        return rows
    return rows.filter(pc.is_in(rows["system_id"], value_set=pa.array(systems, pa.string())))


def _keys(rows: pa.Table) -> list[tuple[object, ...]]:
    return list(zip(*(rows[c].to_pylist() for c in PREDICTION_ACCURACY.key), strict=True))


def _count(values: pa.ChunkedArray) -> Counter[Any]:
    counts = pc.value_counts(values)
    return Counter(dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True)))


def grade_rows(rows: pa.Table, now: datetime) -> tuple[Bools, pa.Table, pa.ChunkedArray]:
    """Grade rows of ``gradable_predictions``. Return (n,) whether each row is final, rows of
    ``prediction_accuracy`` for the final ones, and the outcome of every row."""
    final = bools(rows["is_final"])
    outcome = grade(
        strings(rows["recommendation"]),
        floats(rows["current_points_line"]),
        floats(rows["points"]),
        final,
        bools(pc.invert(rows["is_dnp"])),
    )
    names = pa.chunked_array([_outcome_names(outcome)])
    graded = _accuracy(rows, outcome, names, now)
    return final, graded if final.all() else graded.filter(pa.array(final)), names


def _outcome_names(outcome: Strings) -> pa.Array:
    names = [o.value for o in Grade]
    order = np.argsort(names)
    at = order[np.searchsorted(np.array(names)[order], outcome)]
    return pa.array(names, pa.string()).take(pa.array(at))


_COPIED_COLUMNS = (
    "game_date", "game_id", "player_lookup", "player_id", "system_id", "prediction_id", "role",
    "prediction_run_mode", "predicted_points", "confidence_score", "recommendation", "minutes_played",
    "counted_as", "team_abbr", "opponent_team_abbr", "line_margin", "line_over_price", "line_under_price",
    "feature_quality_score", "prob_over",
)  # fmt: skip


def _accuracy(rows: pa.Table, outcome: Strings, names: pa.ChunkedArray, now: datetime) -> pa.Table:
    """Return rows of ``prediction_accuracy``; columns on points are NULL in voided rows."""
    void = outcome == Grade.VOID.value
    points = np.where(void, np.nan, floats(rows["points"]))
    line = floats(rows["current_points_line"])
    error = np.round(floats(rows["predicted_points"]) - points, 1)
    hit = outcome == Grade.HIT.value
    decided = hit | (outcome == Grade.MISS.value)
    reason = pc.fill_null(rows["void_reason"], "did not play")
    n = rows.num_rows
    columns = {name: rows[name] for name in _COPIED_COLUMNS} | {
        "model_key": pc.fill_null(rows["model_sha256"], "formula"),
        "line_value": rows["current_points_line"],
        "actual_points": pc.cast(nullable(points), pa.int64()),
        "absolute_error": nullable(np.abs(error)),
        "signed_error": nullable(error),
        "actual_margin": nullable(points - line),
        "outcome": names,
        "prediction_correct": pa.array(hit, mask=~decided),
        "within_3_points": pa.array(np.abs(error) <= 3.0, mask=void),
        "within_5_points": pa.array(np.abs(error) <= 5.0, mask=void),
        "is_voided": pa.array(void),
        "void_reason": pc.if_else(pa.array(void), reason, pa.scalar(None, pa.string())),
        "graded_at": pa.repeat(pa.scalar(now, pa.timestamp("us", "UTC")), n),
        "is_current": pa.repeat(True, n),
    }
    schema = PREDICTION_ACCURACY.arrow_schema
    return pa.table({f.name: columns[f.name] for f in schema}).cast(schema)
