"""Checks the staged predictions of runs, system by system, before they are activated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from shared.application.runs.run_to_activate import RunToActivate
from shared.domain.players.roster import DEFAULT_MIN_MINUTES
from shared.domain.prediction_checks import Accepted, PredictionBatch, check_predictions, spread
from shared.domain.systems.assembly import HIGHEST, LOWEST
from shared.domain.systems.catalog import ENSEMBLES
from shared.domain.vocabulary import RunMode
from shared.model_registry.unverified import is_unverified, unverified_warning
from shared.ports import Warehouse
from shared.warehouse.statements import query_rows

LOOK_BACK = timedelta(days=30)
"""A batch is compared with the accepted batches of this many days."""

LACKS_INPUTS = ("missing_feature", "too_few_members")
"""Prefixes of outcomes: the player has too few features for a system or for its members."""

HELD = "held:"
"""Prefix of the reason of a key whose row stays in staging."""


@dataclass(frozen=True)
class CheckedRun:
    """Results of the checks of one run's staged rows.

    ``systems``: systems with rows. ``held``: by system, why its rows are not activated. ``accepted``: by
    system, findings that the request accepts. ``clamped``: number of clamped rows by system.
    ``unverified``: by system, the id of a model without a manifest.
    """

    systems: frozenset[str] = frozenset()
    held: Mapping[str, str] = field(default_factory=dict)
    accepted: Mapping[str, str] = field(default_factory=dict)
    clamped: Mapping[str, int] = field(default_factory=dict)
    unverified: Mapping[str, str] = field(default_factory=dict)

    @property
    def all_held(self) -> bool:
        return bool(self.systems) and self.systems <= self.held.keys()

    def notes(self, request: Mapping[str, Any]) -> list[str]:
        """Return the sentences for the note of the run."""
        notes = []
        if self.held:
            reasons = "; ".join(f"{system}: {reason}" for system, reason in self.held.items())
            notes.append(f"held, not activated: {reasons}; {accept_command(request, self.held)}")
        if self.accepted:
            reasons = "; ".join(f"{system}: {reason}" for system, reason in self.accepted.items())
            notes.append(f"activated although {reasons}")
        if self.clamped:
            counts = ", ".join(f"{n} of {system}" for system, n in self.clamped.items())
            notes.append(f"rows clamped to {LOWEST:g}-{HIGHEST:g} points: {counts}")
        notes += [unverified_warning(system, model) for system, model in self.unverified.items()]
        return notes


class _Sums(NamedTuple):
    """Rows of one system and game date: count, sum and sum of squares of the points."""

    rows: int
    points: float
    squares: float

    def plus(self, other: _Sums) -> _Sums:
        return _Sums(self.rows + other.rows, self.points + other.points, self.squares + other.squares)

    def accepted(self) -> Accepted:
        return Accepted(self.rows, self.points / self.rows, spread(*self))


class CheckBatches:
    """Checks any number of runs with two queries. A run is compared only with accepted batches of earlier
    game dates: active ones, and those of the same call that passed."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def __call__(self, runs: Sequence[RunToActivate]) -> dict[str, CheckedRun]:
        """Return the checks by run id; the runs are of different game dates."""
        days = [r.run.game_date for r in runs]
        first, last = min(days), max(days)
        staged = self._read_staged([r.run_id for r in runs], first, last)
        accepted_sums = self._read_accepted_sums(first - LOOK_BACK, last) if staged else {}
        return {
            run.run_id: _check_run(run, staged.get(run.run_id, []), accepted_sums)
            for run in sorted(runs, key=lambda r: r.run.game_date)
        }

    def _read_staged(self, run_ids: list[str], first: date, last: date) -> dict[str, list[dict[str, Any]]]:
        by_run: dict[str, list[dict[str, Any]]] = {}
        bounds = {"first": first, "last": last, "least": LOWEST, "most": HIGHEST}
        for row in query_rows(self._warehouse, "staged_batches", run_ids=run_ids, **bounds):
            by_run.setdefault(row["run_id"], []).append(row)
        return by_run

    def _read_accepted_sums(self, first: date, last: date) -> dict[str, dict[date, _Sums]]:
        rows = query_rows(self._warehouse, "accepted_batches", first=first, last=last)
        by_system: dict[str, dict[date, _Sums]] = {}
        for r in rows:
            sums = _Sums(r["row_count"], r["points"], r["squares"])
            by_system.setdefault(r["system_id"], {})[r["game_date"]] = sums
        return by_system


def _check_run(
    run: RunToActivate, staged: Sequence[Mapping[str, Any]], accepted_sums: dict[str, dict[date, _Sums]]
) -> CheckedRun:
    """Check one run and add its accepted batches to ``accepted_sums``."""
    day, request = run.run.game_date, run.run.request
    force, min_minutes = bool(request.get("force")), request.get("min_minutes", DEFAULT_MIN_MINUTES)
    keys = Counter(system for o in run.outcomes.values() if o is not None for system in o.systems)
    lacking = Counter(
        system
        for o in run.outcomes.values()
        if o is not None
        for system, outcome in o.systems.items()
        if outcome.startswith(LACKS_INPUTS)
    )
    problems: dict[str, str] = {}
    for row in staged:
        system = row["system_id"]
        system_sums = accepted_sums.setdefault(system, {})
        active_rows = 0 if force or day not in system_sums else system_sums[day].rows
        batch = replace(
            _build_batch(row, keys[system], active_rows),
            without_features=lacking[system],
            is_whole_slate=not active_rows and min_minutes == DEFAULT_MIN_MINUTES,
        )
        findings = check_predictions(batch, _earlier_batches(system_sums, day))
        if findings:
            problems[system] = " and ".join(map(str, findings))
    accepts_findings = bool(request.get("accept_findings"))
    held = {} if accepts_findings else _add_ensembles(problems, [row["system_id"] for row in staged])
    for row in staged:
        if row["system_id"] not in held:
            _add_batch(accepted_sums[row["system_id"]], day, row, force)
    return CheckedRun(
        systems=frozenset(row["system_id"] for row in staged),
        held=held,
        accepted=problems if accepts_findings else {},
        clamped={r["system_id"]: r["clamped"] for r in staged if r["clamped"]},
        unverified={r["system_id"]: r["model_id"] for r in staged if is_unverified(r["model_id"])},
    )


def _build_batch(row: Mapping[str, Any], keys: int, active_rows: int) -> PredictionBatch:
    return PredictionBatch(
        system_id=row["system_id"],
        rows=row["row_count"],
        points=row["points"],
        squares=row["squares"],
        lowest=row["lowest"],
        highest=row["highest"],
        lined_rows=row["lined_rows"],
        line_gap=row["line_gap"] or 0.0,
        usual_rows=row["usual_rows"],
        usual_gap=row["usual_gap"] or 0.0,
        keys=keys + active_rows,
        answered=min(row["row_count"], keys) + active_rows,
    )


def _earlier_batches(system_sums: Mapping[date, _Sums], day: date) -> list[Accepted]:
    """Return the accepted batches of earlier game dates, newest first."""
    days = sorted((d for d in system_sums if day - LOOK_BACK <= d < day), reverse=True)
    return [system_sums[d].accepted() for d in days]


def _add_batch(system_sums: dict[date, _Sums], day: date, row: Mapping[str, Any], force: bool) -> None:
    new = _Sums(row["row_count"], row["points"], row["squares"])
    system_sums[day] = new if force or day not in system_sums else new.plus(system_sums[day])


def _add_ensembles(problems: Mapping[str, str], systems: Sequence[str]) -> dict[str, str]:
    """Add the ensembles that combine a held system."""
    held = dict(problems)
    for ensemble in ENSEMBLES:
        members = [m for m in ensemble.members if m in problems]
        if members and ensemble.system_id in systems:
            held[ensemble.system_id] = f"combines {', '.join(members)}"
    return held


def accept_command(request: Mapping[str, Any], systems: Iterable[str]) -> str:
    """Return the advice and the command that activates the held systems."""
    flags = "".join(
        f" --{name}"
        for name, is_set in (
            ("force", request.get("force")),
            ("allow-started", request.get("mode") == RunMode.BACKFILL),
            ("skip-mlfs-check", request.get("skip_mlfs_check") and request.get("job") is None),
        )
        if is_set
    )
    system_list = ",".join(systems)
    return (
        f"check the models, then run again, or accept: props predict --dates {request.get('game_date')} "
        f"--systems {system_list}{flags} --accept-findings"
    )
