"""Activation: one transaction that makes the staged rows of runs the active predictions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, NamedTuple

import pyarrow as pa

from shared.application.grading.signals import ComputeSignals
from shared.application.messaging.topics import COMPLETE_TOPIC, to_outgoing
from shared.application.runs.batch_checks import HELD, CheckBatches, CheckedRun
from shared.application.runs.expected_players import identity
from shared.application.runs.run_to_activate import RunToActivate
from shared.domain.vocabulary import NO_OUTCOME, PREDICTED, OutcomeKind, RunState
from shared.ports import Clock, ExpectedPlayer, Publisher, Run, Warehouse
from shared.schemas.messages import SCHEMA_VERSION, PredictionsComplete
from shared.schemas.predictions import PREDICTION_KEY_OUTCOMES, PREDICTION_RUNS
from shared.warehouse.statements import statement

COMPLETE_SHARE, FAILED_SHARE = 0.80, 0.50
"""Shares of expected players predicted: below the first a run is PARTIAL, below the second FAILED."""


class Counts(NamedTuple):
    """Rows activated, rows that they replaced, and games that had started at activation."""

    activated: int = 0
    superseded: int = 0
    games_begun: int = 0


NO_ROWS = Counts()


@dataclass(frozen=True)
class ActivationResult:
    """Final state of a run, with a note for people and its row counts."""

    state: RunState
    note: str
    counts: Counts = NO_ROWS


NOTHING_TO_DO = ActivationResult(RunState.COMPLETE, "nothing to do: every key has an active row")


class Activate:
    """Activates runs. It is safe to repeat: a run that was activated before changes nothing, even if a
    later run has replaced its rows since."""

    def __init__(self, warehouse: Warehouse, publisher: Publisher, clock: Clock) -> None:
        self._warehouse, self._publisher, self._clock = warehouse, publisher, clock
        self._signals = ComputeSignals(warehouse, clock)
        self._check_batches = CheckBatches(warehouse)

    def __call__(self, runs: Sequence[RunToActivate]) -> list[ActivationResult]:
        """Activate runs of different game dates in one transaction and return one result per run."""
        results = {r.run_id: NOTHING_TO_DO for r in runs if not r.outcomes}
        runs_with_players = [r for r in runs if r.outcomes]
        if runs_with_players:
            results |= self._activate(runs_with_players)
        self._report(runs, results)
        return [results[r.run_id] for r in runs]

    def _activate(self, runs: Sequence[RunToActivate]) -> dict[str, ActivationResult]:
        runs = self._fill_in_ids(runs)
        active_players = self._read_active_players(runs)
        results = self._recorded_results(runs)
        planned: dict[str, ActivationResult] = {}
        for run in runs:
            if run.run_id not in results:
                result = _result_by_share(run, active_players.get(run.run.game_date, set()))
                (results if result.state is RunState.FAILED else planned)[run.run_id] = result
        candidates = [r for r in runs if r.run_id in planned]
        if not candidates:
            return results
        checked = self._check_batches(candidates)
        planned |= {r.run_id: _with_checks(planned[r.run_id], checked[r.run_id], r) for r in candidates}
        self._warehouse.upsert(PREDICTION_KEY_OUTCOMES, _build_key_outcomes(candidates, checked))
        for run_id, error in self._integrity_errors(candidates).items():
            results[run_id] = ActivationResult(RunState.FAILED, f"{error}; nothing activated")
        results |= {r: p for r, p in planned.items() if p.state is RunState.FAILED and r not in results}
        valid_runs = [r for r in candidates if r.run_id not in results]
        return results | (self._activate_and_verify(valid_runs, planned) if valid_runs else {})

    def _fill_in_ids(self, runs: Sequence[RunToActivate]) -> list[RunToActivate]:
        """Fill in missing player ids from the roster: release 0.1.0 opened runs without ids."""
        if all(p.player_id is not None for r in runs for p in r.outcomes):
            return list(runs)
        rows = self._warehouse.query(statement("roster_player_ids", **_date_span(runs)))
        ids = {(r["game_date"], r["game_id"], r["player_lookup"]): r["player_id"] for r in rows.to_pylist()}

        def with_id(run: Run, player: ExpectedPlayer) -> ExpectedPlayer:
            roster_id = ids.get((run.game_date, player.game_id, player.player_lookup))
            return player if player.player_id is not None else player._replace(player_id=roster_id)

        return [RunToActivate(r.run, {with_id(r.run, p): o for p, o in r.outcomes.items()}) for r in runs]

    def _read_active_players(self, runs: Sequence[RunToActivate]) -> dict[date, set[int | str]]:
        """Return, by date, the players with an active row that the run does not replace. They count as
        predicted even if not expected: a run for a few missing players would else be rated by these alone."""
        unforced_runs = [r for r in runs if not r.run.request.get("force")]
        if not unforced_runs:
            return {}
        rows = self._warehouse.query(statement("active_keys", **_date_span(unforced_runs)))
        players: dict[date, set[int | str]] = {r.run.game_date: set() for r in unforced_runs}
        columns = (rows[c].to_pylist() for c in ("game_date", "player_lookup", "player_id"))
        for day, *player in zip(*columns, strict=True):
            if day in players:
                players[day].add(identity(*player))
        return players

    def _recorded_results(self, runs: Sequence[RunToActivate]) -> dict[str, ActivationResult]:
        """Return the results already recorded for these runs; they are final.

        Call this after reading the active rows: a later run may own those rows by then.
        """
        rows = self._query("run_result", runs).to_pylist()
        counts = self._read_counts(runs) if rows else {}
        return {
            r["run_id"]: ActivationResult(RunState(r["state"]), r["note"], counts.get(r["run_id"], NO_ROWS))
            for r in rows
        }

    def _integrity_errors(self, runs: Sequence[RunToActivate]) -> dict[str, str]:
        """Return, by run, why its staged rows must not be activated."""
        mixed_models = self._names_by_run("activation_models", runs)
        mismatches = self._names_by_run("activation_mismatches", runs)
        return {r: f"more than one model served {', '.join(names)}" for r, names in mixed_models.items()} | {
            r: f"served features differ from the stored row for {', '.join(names[:5])}"
            for r, names in mismatches.items()
        }

    def _names_by_run(self, query: str, runs: Sequence[RunToActivate]) -> dict[str, list[str]]:
        rows = self._query(query, runs)
        names: dict[str, list[str]] = {}
        for run_id, name in zip(rows.column(0).to_pylist(), rows.column(1).to_pylist(), strict=True):
            names.setdefault(run_id, []).append(name)
        return names

    def _activate_and_verify(
        self, runs: Sequence[RunToActivate], planned: Mapping[str, ActivationResult]
    ) -> dict[str, ActivationResult]:
        """Activate the rows of the runs; a key with two active rows fails its run."""
        self._move_rows(runs)
        counts = self._read_counts(runs)
        duplicates = self._warehouse.query(statement("active_duplicates", **_date_span(runs)))
        duplicates_by_date = Counter(duplicates["game_date"].to_pylist())
        results = {}
        for run in runs:
            keys, run_counts = duplicates_by_date[run.run.game_date], counts.get(run.run_id, NO_ROWS)
            results[run.run_id] = (
                ActivationResult(RunState.FAILED, f"{keys} keys have more than one active row", run_counts)
                if keys
                else replace(planned[run.run_id], counts=run_counts)
            )
        return results

    def _move_rows(self, runs: Sequence[RunToActivate]) -> None:
        runs_by_rules: dict[tuple[bool, bool, str], list[RunToActivate]] = {}
        for run in runs:
            request = run.run.request
            reason = request.get("reason") or "replaced by a later run"
            rules = not request.get("in_sample"), bool(request.get("force")), reason
            runs_by_rules.setdefault(rules, []).append(run)
        now = self._clock.now()
        statements = []
        for (counted, force, reason), same_rules in runs_by_rules.items():
            params = {**_date_span(same_rules), "run_ids": [r.run_id for r in same_rules], "now": now}
            rules_of_runs = {"counted": counted, "force": force, "reason": reason}
            statements.append(statement("activation_supersede", **rules_of_runs, **params))
            statements.append(statement("activation_insert", **params))
        self._warehouse.transact(statements)

    def _read_counts(self, runs: Sequence[RunToActivate]) -> dict[str, Counts]:
        """Count from the table, so that a repeated activation returns the same counts."""
        rows = self._query("activation_counts", runs).to_pylist()
        return {row.pop("run_id"): Counts(**row) for row in rows}

    def _query(self, query: str, runs: Sequence[RunToActivate]) -> pa.Table:
        ids = [r.run_id for r in runs]
        return self._warehouse.query(statement(query, run_ids=ids, **_date_span(runs)))

    def _report(self, runs: Sequence[RunToActivate], results: Mapping[str, ActivationResult]) -> None:
        now = datetime.now(UTC)
        rows = [_build_run_row(r, results[r.run_id], now) for r in runs]
        self._warehouse.upsert(PREDICTION_RUNS, PREDICTION_RUNS.from_rows(rows))
        days = [r.run.game_date for r in runs if results[r.run_id].counts.activated]
        if days:
            self._signals.compute_for_dates(days)
        messages = [
            PredictionsComplete(
                SCHEMA_VERSION,
                row["run_id"],
                row["game_date"],
                row["state"],
                **{kind.value: row[kind] for kind in OutcomeKind},
            )
            for row in rows
        ]
        self._publisher.publish(COMPLETE_TOPIC, [to_outgoing(m) for m in messages])


def _date_span(runs: Sequence[RunToActivate]) -> dict[str, date]:
    days = [r.run.game_date for r in runs]
    return {"first": min(days), "last": max(days)}


def _result_by_share(run: RunToActivate, active_players: set[int | str]) -> ActivationResult:
    """Derive the state from the share of players with a prediction, new or already active."""
    predicted = run.predicted()
    share = len(predicted | active_players) / len(run.expected() | active_players)
    summary = f"{len(predicted)} of {len(run.outcomes)} expected players predicted"
    if from_earlier_run := active_players - predicted:
        summary += f", {len(from_earlier_run)} have rows of an earlier run"
    if without_id := [p.player_lookup for p in run.outcomes if p.player_id is None]:
        summary += f"; not activated, no player_id: {', '.join(without_id)}"
    if share < FAILED_SHARE:
        return ActivationResult(RunState.FAILED, f"{summary}; nothing activated")
    return ActivationResult(RunState.COMPLETE if share >= COMPLETE_SHARE else RunState.PARTIAL, summary)


def _with_checks(result: ActivationResult, checked: CheckedRun, run: RunToActivate) -> ActivationResult:
    """Add the batch checks to a result: PARTIAL if a system is held, FAILED if all are."""
    note = "; ".join([result.note, *checked.notes(run.run.request)])
    if checked.all_held:
        return replace(result, state=RunState.FAILED, note=f"{note}; nothing activated")
    return replace(result, state=RunState.PARTIAL if checked.held else result.state, note=note)


def _build_run_row(ended_run: RunToActivate, result: ActivationResult, now: datetime) -> dict[str, Any]:
    run, players = ended_run.run, ended_run.players()
    return {
        "run_id": run.run_id,
        "game_date": run.game_date,
        "state": result.state.value,
        "mode": run.mode.value,
        "force": bool(run.request.get("force")),
        "expected_players": sum(players.values()),
        **{kind.value: players[kind] for kind in OutcomeKind},
        "rows_activated": result.counts.activated,
        "rows_superseded": result.counts.superseded,
        "note": result.note,
        "opened_at": run.opened_at,
        "closed_at": now,
    }


def _build_key_outcomes(runs: Sequence[RunToActivate], checked: Mapping[str, CheckedRun]) -> pa.Table:
    """Return one row per system and expected player with a player_id. The keys of a held system have
    failed, so that their earlier rows stay active."""
    rows: list[tuple[str, date, str, str, str, str, str | None, int]] = []
    for run_to_activate in runs:
        run = run_to_activate.run
        systems, held = run.request["systems"], checked[run.run_id].held
        for (lookup, player_id, game_id), outcome in run_to_activate.outcomes.items():
            if player_id is None:
                continue
            player_outcome = outcome.outcome if outcome else NO_OUTCOME
            system_outcomes = outcome.systems if outcome else {}
            key = (run.run_id, run.game_date, game_id, lookup)
            for system in systems:
                system_outcome = system_outcomes.get(system)
                if system_outcome is not None and system in held:
                    rows.append((*key, system, OutcomeKind.FAILED, f"{HELD} {held[system]}", player_id))
                elif system_outcome == OutcomeKind.PREDICTED:
                    rows.append((*key, system, OutcomeKind.PREDICTED, None, player_id))
                elif (
                    system_outcome is not None or player_outcome != PREDICTED
                ):  # else the job did not own this key
                    is_failed = player_outcome.kind is OutcomeKind.FAILED
                    kind = OutcomeKind.FAILED if is_failed else OutcomeKind.SKIPPED
                    rows.append((*key, system, kind, system_outcome or player_outcome.reason, player_id))
    schema = PREDICTION_KEY_OUTCOMES.arrow_schema
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
