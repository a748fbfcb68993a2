"""Figures of a demo, computed once for the tables, the report and ``--json``."""

from __future__ import annotations

from collections import Counter
from typing import Any, TypedDict

from backfill_jobs.cli.json_output.types import Reason, Step, SystemId
from backfill_jobs.demo.scenario import Outcome
from shared.domain import vocabulary
from shared.domain.systems.catalog import SYSTEM_IDS


class PlayerOutcomes(TypedDict):
    """Number of players by outcome; players without a prediction by reason."""

    predicted: int
    skipped: dict[Reason, int]
    failed: dict[Reason, int]


class Summary(TypedDict):
    """Figures of a demo; an MAE is in points, and null if no row was graded."""

    game_date: str
    games: int
    expected_players: int
    outcomes: PlayerOutcomes
    rows_by_system: dict[SystemId, int]
    active_duplicates: int
    graded_by_system: dict[SystemId, int]
    void: int
    mae_by_system: dict[SystemId, float | None]
    line_mae: float | None
    seconds: dict[Step, float]


def summary(outcome: Outcome) -> Summary:
    """Return the output of ``props demo --json``."""
    return {
        "game_date": outcome.game_date.isoformat(),
        "games": len(outcome.games),
        "expected_players": outcome.run["progress"]["expected"],
        "outcomes": _outcomes(outcome),
        "rows_by_system": _by_system(outcome.predictions),
        "active_duplicates": outcome.active_duplicates,
        "graded_by_system": _by_system(outcome.accuracy),
        "void": len({r["player_id"] for r in outcome.accuracy if r["is_voided"]}),
        "mae_by_system": {s: _mean(errors(outcome, s)) for s in SYSTEM_IDS},
        "line_mae": _mean(line_errors(outcome)),
        "seconds": {**outcome.seconds, "total": round(sum(outcome.seconds.values()), 3)},
    }


def errors(outcome: Outcome, system: str, *, with_line: bool = False) -> list[float]:
    """Return the absolute errors in points of a system, for players who played; only those ``with_line``."""
    rows = [r for r in outcome.accuracy if r["system_id"] == system and not r["is_voided"]]
    return [r["absolute_error"] for r in rows if r["line_value"] is not None or not with_line]


def line_errors(outcome: Outcome) -> list[float]:
    """Return the absolute errors in points of the line, once per player who played and had a line."""
    lines = {
        r["player_id"]: abs(r["line_value"] - r["actual_points"])
        for r in outcome.accuracy
        if r["line_value"] is not None and not r["is_voided"]
    }
    return [lines[player] for player in sorted(lines)]


def lined_mae(outcome: Outcome, system: str) -> float | None:
    """Return a system's MAE on the players with a line, comparable with the MAE of the line."""
    return _mean(errors(outcome, system, with_line=True))


def hits(outcome: Outcome, system: str) -> tuple[int, int]:
    """Return the number of hits, and of hits plus misses."""
    counts = Counter(r["outcome"] for r in outcome.accuracy if r["system_id"] == system)
    return counts["HIT"], counts["HIT"] + counts["MISS"]


def _outcomes(outcome: Outcome) -> PlayerOutcomes:
    predicted, not_predicted = 0, {"skipped": Counter[str](), "failed": Counter[str]()}
    for player_outcome in outcome.run["outcomes"].values():
        result = vocabulary.Outcome.parse(player_outcome) if player_outcome else vocabulary.NO_OUTCOME
        if result == vocabulary.PREDICTED:
            predicted += 1
        else:
            not_predicted[result.kind][result.reason] += 1
    skipped, failed = dict(not_predicted["skipped"]), dict(not_predicted["failed"])
    return {"predicted": predicted, "skipped": skipped, "failed": failed}


def _by_system(rows: list[dict[str, Any]]) -> dict[str, int]:
    counts = Counter(r["system_id"] for r in rows)
    return {s: counts[s] for s in SYSTEM_IDS}


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 3) if values else None
