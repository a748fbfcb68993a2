"""Grade predictions of finished games against what the players did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from shared.domain.grading import Outcome, grade
from shared.ports import Clock, Warehouse
from shared.schemas.predictions import PREDICTION_ACCURACY
from shared.warehouse.box_scores import BoxScoreState, box_score_states
from shared.warehouse.history import bools, floats, strings
from shared.warehouse.schedule import games_between, refresh_game_status
from shared.warehouse.statements import statement

FINAL = 3
DAYS_AT_ONCE = 100
WHOLE_SINCE = "whole now, graded by the next run without --dry-run"


class GradeStatus(StrEnum):
    """How a game date ended. Only the first three need nothing more."""

    GRADED = "GRADED"
    NO_GAMES = "NO_GAMES"
    NO_PREDICTIONS = "NO_PREDICTIONS"
    PARTIAL = "PARTIAL"
    NOT_FINAL = "NOT_FINAL"
    INCOMPLETE_BOX_SCORE = "INCOMPLETE_BOX_SCORE"
    NO_ACTUALS = "NO_ACTUALS"


DONE = (GradeStatus.GRADED, GradeStatus.NO_GAMES, GradeStatus.NO_PREDICTIONS)


@dataclass(frozen=True)
class GradedDate:
    """``pending``: rows whose game is not final, or whose box score is not whole; the next run takes them.

    ``incomplete``: what the box score of each finished game lacks, by game id.
    """

    game_date: date
    status: GradeStatus
    graded: int
    pending: int
    incomplete: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Graded:
    """Rows by outcome, PENDING among them; ``by_system`` counts graded champion rows, ``by_kind`` all."""

    outcomes: Counter[str] = field(default_factory=Counter)
    by_system: Counter[str] = field(default_factory=Counter)
    by_kind: Counter[str] = field(default_factory=Counter)
    changed: int = 0
    dates: tuple[GradedDate, ...] = ()


class GradePredictions:
    """One row per key: grading again changes exactly the rows whose prediction or box score changed."""

    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse = warehouse
        self._clock = clock

    def __call__(
        self,
        first: date,
        last: date,
        *,
        systems: Sequence[str] | None = None,
        regrade: bool = False,
        write: bool = True,
        progress: Callable[[str, int, int], None] = lambda *_: None,
    ) -> Graded:
        """Grade the dates ``first`` to ``last``.

        ``regrade`` stamps every row anew, also those whose outcome stands. Without ``write`` it only
        says what would be graded.
        """
        if write:
            refresh_game_status(self._warehouse, self._clock.now(), first, last)
            self._warehouse.transact([statement("accuracy_player_ids", first=first, last=last)])
        total = Graded()
        days = (last - first).days + 1
        for at in range(0, days, DAYS_AT_ONCE):
            begin = first + timedelta(days=at)
            end = min(last, begin + timedelta(days=DAYS_AT_ONCE - 1))
            total = _add(total, self._part(begin, end, systems, regrade, write))
            progress("grade", (end - first).days + 1, days)
        return total

    def _part(
        self, first: date, last: date, systems: Sequence[str] | None, regrade: bool, write: bool
    ) -> Graded:
        rows = _only(
            self._warehouse.query(statement("gradable_predictions", first=first, last=last)), systems
        )
        final, graded, outcome = graded_rows(rows, datetime.now(UTC))
        changed = self._write(graded, first, last, systems, regrade) if write else 0
        champions = graded.filter(pc.equal(graded["role"], "champion"))
        return Graded(
            _counted(outcome),
            _counted(champions["system_id"]),
            _counted(graded["counted_as"]),
            changed,
            tuple(self._dates(first, last, rows["game_date"], final)),
        )

    def _write(
        self, graded: pa.Table, first: date, last: date, systems: Sequence[str] | None, regrade: bool
    ) -> int:
        """Upsert what was graded, and mark the rows whose place a later prediction took."""
        held = _only(self._warehouse.query(statement("accuracy_keys", first=first, last=last)), systems)
        table = replace(PREDICTION_ACCURACY, stamps=()) if regrade else PREDICTION_ACCURACY
        changed = self._warehouse.upsert(table, graded, replace=True) if graded.num_rows else 0
        stands = pc.is_in(held["prediction_id"], value_set=graded["prediction_id"].combine_chunks())
        named = pc.is_valid(held["player_id"])
        gone = held.filter(pc.and_(named, pc.invert(stands))).select(list(PREDICTION_ACCURACY.key))
        taken = set(_keys(graded)) if gone.num_rows else set()
        gone = gone.filter(pa.array([key not in taken for key in _keys(gone)], pa.bool_()))
        if gone.num_rows:
            gone = gone.append_column("is_current", pa.array([False] * gone.num_rows))
            changed += self._warehouse.upsert(PREDICTION_ACCURACY, gone)
        return changed

    def _dates(
        self, first: date, last: date, days: pa.ChunkedArray, final: NDArray[np.bool_]
    ) -> Iterator[GradedDate]:
        """Every date of the range: how many of its rows were graded, and why the others wait."""
        incomplete: dict[date, list[BoxScoreState]] = {}
        for state in box_score_states(self._warehouse, first, last, also_whole=False):
            incomplete.setdefault(state.game_date, []).append(state)
        games: dict[date, list[bool]] = {}
        for game in games_between(self._warehouse, first, last).to_pylist():
            games.setdefault(game["game_date"], []).append(game["game_status"] == FINAL)
        graded, pending = _counted(days.filter(pa.array(final))), _counted(days.filter(pa.array(~final)))
        for at in range((last - first).days + 1):
            day = first + timedelta(days=at)
            states = incomplete.get(day, [])
            status = _status(games.get(day, []), states, graded[day], pending[day])
            lacks = {s.game_id: s.missing or WHOLE_SINCE for s in states}
            yield GradedDate(day, status, graded[day], pending[day], lacks)


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


def _only(rows: pa.Table, systems: Sequence[str] | None) -> pa.Table:
    if systems is None:
        return rows
    return rows.filter(pc.is_in(rows["system_id"], value_set=pa.array(systems, pa.string())))


def _keys(rows: pa.Table) -> list[tuple[object, ...]]:
    return list(zip(*(rows[c].to_pylist() for c in PREDICTION_ACCURACY.key), strict=True))


def _counted(values: pa.ChunkedArray) -> Counter[Any]:
    counts = pc.value_counts(values)
    return Counter(dict(zip(counts.field(0).to_pylist(), counts.field(1).to_pylist(), strict=True)))


def graded_rows(rows: pa.Table, now: datetime) -> tuple[NDArray[np.bool_], pa.Table, pa.ChunkedArray]:
    """Of what ``gradable_predictions`` gave: (n,) whether each is final, rows of ``prediction_accuracy`` of
    those that are, and the outcome of every one."""
    final = bools(rows["is_final"])
    outcome = grade(
        strings(rows["recommendation"]),
        floats(rows["current_points_line"]),
        floats(rows["points"]),
        final,
        bools(pc.invert(rows["is_dnp"])),
    )
    told = pa.chunked_array([_words(outcome)])
    graded = _accuracy(rows, outcome, told, now)
    return final, graded if final.all() else graded.filter(pa.array(final)), told


def _words(outcome: NDArray[np.str_]) -> pa.Array:
    names = [o.value for o in Outcome]
    order = np.argsort(names)
    at = order[np.searchsorted(np.array(names)[order], outcome)]
    return pa.array(names, pa.string()).take(pa.array(at))


_AS_THEY_ARE = (
    "game_date", "game_id", "player_lookup", "player_id", "system_id", "prediction_id", "role",
    "prediction_run_mode", "predicted_points", "confidence_score", "recommendation", "minutes_played",
    "counted_as", "team_abbr", "opponent_team_abbr", "line_margin", "line_over_price", "line_under_price",
    "feature_quality_score", "prob_over",
)  # fmt: skip


def _accuracy(rows: pa.Table, outcome: NDArray[np.str_], told: pa.ChunkedArray, now: datetime) -> pa.Table:
    """Rows of ``prediction_accuracy``; what a void would say of points is NULL."""
    void = outcome == Outcome.VOID.value
    points = np.where(void, np.nan, floats(rows["points"]))
    line = floats(rows["current_points_line"])
    error = np.round(floats(rows["predicted_points"]) - points, 1)
    hit = outcome == Outcome.HIT.value
    decided = hit | (outcome == Outcome.MISS.value)
    reason = pc.fill_null(rows["void_reason"], "did not play")
    n = rows.num_rows
    columns = {name: rows[name] for name in _AS_THEY_ARE} | {
        "model_key": pc.fill_null(rows["model_sha256"], "formula"),
        "line_value": rows["current_points_line"],
        "actual_points": pc.cast(_number(points), pa.int64()),
        "absolute_error": _number(np.abs(error)),
        "signed_error": _number(error),
        "actual_margin": _number(points - line),
        "outcome": told,
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


def _number(values: NDArray[np.float64]) -> pa.Array:
    return pa.array(values, from_pandas=True)


def _add(a: Graded, b: Graded) -> Graded:
    return Graded(
        a.outcomes + b.outcomes,
        a.by_system + b.by_system,
        a.by_kind + b.by_kind,
        a.changed + b.changed,
        a.dates + b.dates,
    )
