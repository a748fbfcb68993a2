"""Checks the staged predictions of runs, system by system, before they come into use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, NamedTuple

from shared.application.features.slate import DEFAULT_MIN_MINUTES
from shared.application.runs.run_to_activate import RunToActivate
from shared.domain.prediction_checks import (
    Accepted,
    PredictionBatch,
    PredictionFinding,
    check_predictions,
    spread,
)
from shared.domain.systems.assembly import HIGHEST, LOWEST
from shared.domain.systems.catalog import ENSEMBLES
from shared.model_registry.unverified import is_unverified, unverified_warning
from shared.ports import Warehouse
from shared.warehouse.statements import statement

LOOK_BACK = timedelta(days=30)
"""How far back the accepted batches go that a batch is compared with."""

LACKS_INPUTS = ("missing_feature", "too_few_members")
"""How outcomes begin of players who have too few features for a system, or for the members of one."""

HELD = "held:"
"""How the reason of a key begins whose row stays in staging."""


@dataclass(frozen=True)
class CheckedRun:
    """What the checks say of one run's staged rows.

    ``held``: by system, why its rows are not activated. ``accepted``: by system, findings that the request
    accepts. ``systems``: those that have rows. ``clamped``: rows by system. ``unverified``: id by system of
    models without a manifest.
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
        """Sentences for the note of the run; none where there is nothing to say."""
        said = []
        if self.held:
            reasons = "; ".join(f"{system}: {why}" for system, why in self.held.items())
            said.append(f"held, not activated: {reasons}; {accept_command(request, self.held)}")
        if self.accepted:
            reasons = "; ".join(f"{system}: {why}" for system, why in self.accepted.items())
            said.append(f"activated although {reasons}")
        if self.clamped:
            counts = ", ".join(f"{n} of {system}" for system, n in self.clamped.items())
            said.append(f"rows clamped to {LOWEST:g}-{HIGHEST:g} points: {counts}")
        said += [unverified_warning(system, model) for system, model in self.unverified.items()]
        return said


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
    """Two queries, whatever the number of runs. A run's date is compared with earlier game dates only:
    those in use, and those of the same call that were found to be right."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def __call__(self, runs: Sequence[RunToActivate]) -> dict[str, CheckedRun]:
        """By run id; the runs are of different game dates."""
        days = [r.run.game_date for r in runs]
        first, last = min(days), max(days)
        staged = self._staged([r.run_id for r in runs], first, last)
        in_use = self._in_use(first - LOOK_BACK, last) if staged else {}
        return {
            run.run_id: _checked(run, staged.get(run.run_id, []), in_use)
            for run in sorted(runs, key=lambda r: r.run.game_date)
        }

    def _staged(self, run_ids: list[str], first: date, last: date) -> dict[str, list[dict[str, Any]]]:
        asked = statement(
            "staged_batches", run_ids=run_ids, first=first, last=last, least=LOWEST, most=HIGHEST
        )
        by_run: dict[str, list[dict[str, Any]]] = {}
        for row in self._warehouse.query(asked).to_pylist():
            by_run.setdefault(row["run_id"], []).append(row)
        return by_run

    def _in_use(self, first: date, last: date) -> dict[str, dict[date, _Sums]]:
        rows = self._warehouse.query(statement("accepted_batches", first=first, last=last)).to_pylist()
        by_system: dict[str, dict[date, _Sums]] = {}
        for r in rows:
            sums = _Sums(r["row_count"], r["points"], r["squares"])
            by_system.setdefault(r["system_id"], {})[r["game_date"]] = sums
        return by_system


def _checked(
    run: RunToActivate, staged: Sequence[Mapping[str, Any]], in_use: dict[str, dict[date, _Sums]]
) -> CheckedRun:
    """Judge one run, and add what is right of it to ``in_use``."""
    day, request = run.run.game_date, run.run.request
    force = bool(request.get("force"))
    keys = Counter(system for o in run.outcomes.values() if o is not None for system in o.systems)
    lacking = Counter(
        system
        for o in run.outcomes.values()
        if o is not None
        for system, outcome in o.systems.items()
        if outcome.startswith(LACKS_INPUTS)
    )
    found: dict[str, str] = {}
    for row in staged:
        system = row["system_id"]
        of_system = in_use.setdefault(system, {})
        already = 0 if force or day not in of_system else of_system[day].rows
        whole = not already and request.get("min_minutes", DEFAULT_MIN_MINUTES) == DEFAULT_MIN_MINUTES
        batch = replace(
            _batch(row, keys[system], already), without_features=lacking[system], is_whole_slate=whole
        )
        findings = check_predictions(batch, _before(of_system, day))
        if findings:
            found[system] = _sentence(findings)
    accepts = bool(request.get("accept_findings"))
    held = {} if accepts else _with_ensembles(found, [row["system_id"] for row in staged])
    for row in staged:
        if row["system_id"] not in held:
            _put(in_use[row["system_id"]], day, row, force)
    return CheckedRun(
        systems=frozenset(row["system_id"] for row in staged),
        held=held,
        accepted=found if accepts else {},
        clamped={r["system_id"]: r["clamped"] for r in staged if r["clamped"]},
        unverified={r["system_id"]: r["model_id"] for r in staged if is_unverified(r["model_id"])},
    )


def _batch(row: Mapping[str, Any], keys: int, already: int) -> PredictionBatch:
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
        keys=keys + already,
        answered=min(row["row_count"], keys) + already,
    )


def _before(of_system: Mapping[date, _Sums], day: date) -> list[Accepted]:
    """Accepted batches of earlier game dates, the newest first."""
    days = sorted((d for d in of_system if day - LOOK_BACK <= d < day), reverse=True)
    return [of_system[d].accepted() for d in days]


def _put(of_system: dict[date, _Sums], day: date, row: Mapping[str, Any], force: bool) -> None:
    new = _Sums(row["row_count"], row["points"], row["squares"])
    of_system[day] = new if force or day not in of_system else new.plus(of_system[day])


def _sentence(findings: Iterable[PredictionFinding]) -> str:
    return " and ".join(map(str, findings))


def _with_ensembles(found: Mapping[str, str], systems: Sequence[str]) -> dict[str, str]:
    """The same, and the ensembles that combine a system which is held."""
    held = dict(found)
    for ensemble in ENSEMBLES:
        members = [m for m in ensemble.members if m in found]
        if members and ensemble.system_id in systems:
            held[ensemble.system_id] = f"combines {', '.join(members)}"
    return held


def accept_command(request: Mapping[str, Any], systems: Iterable[str]) -> str:
    """The command that activates held systems all the same."""
    flags = "".join(
        f" --{name}"
        for name, wanted in (
            ("force", request.get("force")),
            ("allow-started", request.get("mode") == "BACKFILL"),
            ("skip-mlfs-check", request.get("skip_mlfs_check") and request.get("job") is None),
        )
        if wanted
    )
    chosen = ",".join(systems)
    return (
        f"see what serves, then run again, or accept: props predict --dates {request.get('game_date')} "
        f"--systems {chosen}{flags} --accept-findings"
    )
