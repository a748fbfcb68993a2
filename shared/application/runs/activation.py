"""Activation: one transaction that moves staged rows of runs into the predictions that are used."""

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
from shared.application.runs.run_to_activate import FAILED, PREDICTED, SKIPPED, RunToActivate
from shared.ports import Clock, ExpectedPlayer, Publisher, Run, RunState, Warehouse
from shared.schemas.messages import SCHEMA_VERSION, PredictionsComplete
from shared.schemas.predictions import PREDICTION_KEY_OUTCOMES, PREDICTION_RUNS
from shared.warehouse.statements import statement

COMPLETE_SHARE, FAILED_SHARE = 0.80, 0.50
"""Shares of expected players predicted: below the first a run is PARTIAL, below the second FAILED."""


class Counts(NamedTuple):
    """Rows that came into use and rows that they replaced; games that had started by then."""

    activated: int = 0
    superseded: int = 0
    games_begun: int = 0


NOTHING = Counts()


@dataclass(frozen=True)
class ActivationResult:
    state: RunState
    note: str
    counts: Counts = NOTHING


NOTHING_TO_DO = ActivationResult(RunState.COMPLETE, "nothing to do: every key has an active row")


class Activate:
    """Safe to repeat: a run that was activated already changes nothing, however late and whatever run
    has taken its place since."""

    def __init__(self, warehouse: Warehouse, publisher: Publisher, clock: Clock) -> None:
        self._warehouse = warehouse
        self._publisher = publisher
        self._clock = clock
        self._signals = ComputeSignals(warehouse, clock)
        self._check_batches = CheckBatches(warehouse)

    def __call__(self, runs: Sequence[RunToActivate]) -> list[ActivationResult]:
        """How each run ended: all of them in one transaction, each by its own merits. They are runs of
        different game dates."""
        ended = {r.run_id: NOTHING_TO_DO for r in runs if not r.outcomes}
        some = [r for r in runs if r.outcomes]
        if some:
            ended |= self._end(some)
        self._report(runs, ended)
        return [ended[r.run_id] for r in runs]

    def _end(self, runs: Sequence[RunToActivate]) -> dict[str, ActivationResult]:
        runs = self._with_ids(runs)
        earlier = self._earlier(runs)
        ended = self._told(runs)
        good: dict[str, ActivationResult] = {}
        for run in runs:
            if run.run_id not in ended:
                judged = _judge(run, earlier.get(run.run.game_date, set()))
                (ended if judged.state is RunState.FAILED else good)[run.run_id] = judged
        kept = [r for r in runs if r.run_id in good]
        if not kept:
            return ended
        checked = self._check_batches(kept)
        good |= {r.run_id: _with_checks(good[r.run_id], checked[r.run_id], r) for r in kept}
        self._warehouse.upsert(PREDICTION_KEY_OUTCOMES, _key_outcomes(kept, checked))
        for run_id, wrong in self._wrong(kept).items():
            ended[run_id] = ActivationResult(RunState.FAILED, f"{wrong}; nothing activated")
        ended |= {r: of for r, of in good.items() if of.state is RunState.FAILED and r not in ended}
        moved = [r for r in kept if r.run_id not in ended]
        return ended | (self._activate_and_verify(moved, good) if moved else {})

    def _with_ids(self, runs: Sequence[RunToActivate]) -> list[RunToActivate]:
        """The same; players of runs that release 0.1.0 opened get the ids that the roster knows them by."""
        if all(p.player_id is not None for r in runs for p in r.outcomes):
            return list(runs)
        rows = self._warehouse.query(statement("roster_player_ids", **_span(runs)))
        ids = {(r["game_date"], r["game_id"], r["player_lookup"]): r["player_id"] for r in rows.to_pylist()}

        def named(run: Run, player: ExpectedPlayer) -> ExpectedPlayer:
            known = ids.get((run.game_date, player.game_id, player.player_lookup))
            return player if player.player_id is not None else player._replace(player_id=known)

        return [RunToActivate(r.run, {named(r.run, p): o for p, o in r.outcomes.items()}) for r in runs]

    def _earlier(self, runs: Sequence[RunToActivate]) -> dict[date, set[int | str]]:
        """Players who have an active row that their date's run leaves alone: they count as served, whether
        it expected them for other keys or not, so that a run that fills a gap is not measured by the gap."""
        filling = [r for r in runs if not r.run.request.get("force")]
        if not filling:
            return {}
        rows = self._warehouse.query(statement("active_keys", **_span(filling)))
        players: dict[date, set[int | str]] = {r.run.game_date: set() for r in filling}
        columns = (rows[c].to_pylist() for c in ("game_date", "player_lookup", "player_id"))
        for day, *player in zip(*columns, strict=True):
            if day in players:
                players[day].add(identity(*player))
        return players

    def _told(self, runs: Sequence[RunToActivate]) -> dict[str, ActivationResult]:
        """How a run ended, where that was told before: it stands.

        Asked after the active rows were read, which are another run's where this one had ended by then.
        """
        found = self._ask("run_result", runs).to_pylist()
        counts = self._counts(runs) if found else {}
        return {
            r["run_id"]: ActivationResult(RunState(r["state"]), r["note"], counts.get(r["run_id"], NOTHING))
            for r in found
        }

    def _wrong(self, runs: Sequence[RunToActivate]) -> dict[str, str]:
        """By run, why its staged rows may not be used."""
        mixed = self._named("activation_models", runs)
        others = self._named("activation_mismatches", runs)
        return {r: f"more than one model served {', '.join(names)}" for r, names in mixed.items()} | {
            r: f"served features differ from the stored row for {', '.join(names[:5])}"
            for r, names in others.items()
        }

    def _named(self, query: str, runs: Sequence[RunToActivate]) -> dict[str, list[str]]:
        rows = self._ask(query, runs)
        named: dict[str, list[str]] = {}
        for run_id, name in zip(rows.column(0).to_pylist(), rows.column(1).to_pylist(), strict=True):
            named.setdefault(run_id, []).append(name)
        return named

    def _activate_and_verify(
        self, runs: Sequence[RunToActivate], results: Mapping[str, ActivationResult]
    ) -> dict[str, ActivationResult]:
        """Activate the rows of the runs; a key with two active rows fails its run."""
        self._move(runs)
        counts = self._counts(runs)
        doubled = self._warehouse.query(statement("active_duplicates", **_span(runs)))
        twice = Counter(doubled["game_date"].to_pylist())
        ended = {}
        for run in runs:
            found, of = twice[run.run.game_date], counts.get(run.run_id, NOTHING)
            ended[run.run_id] = (
                ActivationResult(RunState.FAILED, f"{found} keys have more than one active row", of)
                if found
                else replace(results[run.run_id], counts=of)
            )
        return ended

    def _move(self, runs: Sequence[RunToActivate]) -> None:
        runs_by_rules: dict[tuple[bool, bool, str], list[RunToActivate]] = {}
        for run in runs:
            asked = run.run.request
            reason = asked.get("reason") or "replaced by a later run"
            rules = not asked.get("in_sample"), bool(asked.get("force")), reason
            runs_by_rules.setdefault(rules, []).append(run)
        now = self._clock.now()
        statements = []
        for (counted, force, reason), some in runs_by_rules.items():
            params = {**_span(some), "run_ids": [r.run_id for r in some], "now": now}
            rules_of_runs = {"counted": counted, "force": force, "reason": reason}
            statements.append(statement("activation_supersede", **rules_of_runs, **params))
            statements.append(statement("activation_insert", **params))
        self._warehouse.transact(statements)

    def _counts(self, runs: Sequence[RunToActivate]) -> dict[str, Counts]:
        """From the table: a repeat says the same."""
        rows = self._ask("activation_counts", runs).to_pylist()
        return {row.pop("run_id"): Counts(**row) for row in rows}

    def _ask(self, query: str, runs: Sequence[RunToActivate]) -> pa.Table:
        ids = [r.run_id for r in runs]
        return self._warehouse.query(statement(query, run_ids=ids, **_span(runs)))

    def _report(self, runs: Sequence[RunToActivate], ended: Mapping[str, ActivationResult]) -> None:
        now = datetime.now(UTC)
        rows = [_run_row(r, ended[r.run_id], now) for r in runs]
        self._warehouse.upsert(
            PREDICTION_RUNS, pa.Table.from_pylist(rows, schema=PREDICTION_RUNS.arrow_schema)
        )
        days = [r.run.game_date for r in runs if ended[r.run_id].counts.activated]
        if days:
            self._signals.several(days)
        messages = [
            PredictionsComplete(
                SCHEMA_VERSION,
                row["run_id"],
                row["game_date"].isoformat(),
                row["state"],
                **{kind: row[kind] for kind in (PREDICTED, SKIPPED, FAILED)},
            )
            for row in rows
        ]
        self._publisher.publish(COMPLETE_TOPIC, [to_outgoing(m) for m in messages])


def _span(runs: Sequence[RunToActivate]) -> dict[str, date]:
    days = [r.run.game_date for r in runs]
    return {"first": min(days), "last": max(days)}


def _judge(run: RunToActivate, earlier: set[int | str]) -> ActivationResult:
    """By the share of players who are predicted, or have been."""
    predicted = run.predicted()
    share = len(predicted | earlier) / len(run.expected() | earlier)
    summary = f"{len(predicted)} of {len(run.outcomes)} expected players predicted"
    if others := earlier - predicted:
        summary += f", {len(others)} have rows of an earlier run"
    if nameless := [p.player_lookup for p in run.outcomes if p.player_id is None]:
        summary += f"; left alone without a player_id: {', '.join(nameless)}"
    if share < FAILED_SHARE:
        return ActivationResult(RunState.FAILED, f"{summary}; nothing activated")
    return ActivationResult(RunState.COMPLETE if share >= COMPLETE_SHARE else RunState.PARTIAL, summary)


def _with_checks(judged: ActivationResult, checked: CheckedRun, ending: RunToActivate) -> ActivationResult:
    """The same with what the checks of its batches say: PARTIAL where a system is held, FAILED where all
    are."""
    note = "; ".join([judged.note, *checked.notes(ending.run.request)])
    if checked.all_held:
        return replace(judged, state=RunState.FAILED, note=f"{note}; nothing activated")
    return replace(judged, state=RunState.PARTIAL if checked.held else judged.state, note=note)


def _run_row(ending: RunToActivate, ended: ActivationResult, now: datetime) -> dict[str, Any]:
    run, players = ending.run, ending.players()
    return {
        "run_id": run.run_id,
        "game_date": run.game_date,
        "state": ended.state.value,
        "mode": str(run.request.get("mode", "LIVE")),
        "force": bool(run.request.get("force")),
        "expected_players": sum(players.values()),
        **{kind: players[kind] for kind in (PREDICTED, SKIPPED, FAILED)},
        "rows_activated": ended.counts.activated,
        "rows_superseded": ended.counts.superseded,
        "note": ended.note,
        "opened_at": run.opened_at,
        "closed_at": now,
    }


def _key_outcomes(runs: Sequence[RunToActivate], checked: Mapping[str, CheckedRun]) -> pa.Table:
    """One row per system and expected player of each run whose id is known; those of a held system have
    failed, so that their earlier rows stay in use."""
    rows: list[tuple[str, date, str, str, str, str, str | None, int]] = []
    for ending in runs:
        run = ending.run
        systems, held = run.request["systems"], checked[run.run_id].held
        for (lookup, player_id, game_id), outcome in ending.outcomes.items():
            if player_id is None:
                continue
            kind, _, reason = (outcome.outcome if outcome else f"{FAILED}:no_outcome").partition(":")
            told, key = outcome.systems if outcome else {}, (run.run_id, run.game_date, game_id, lookup)
            for system in systems:
                said = told.get(system)
                if said is not None and system in held:
                    rows.append((*key, system, FAILED, f"{HELD} {held[system]}", player_id))
                elif said == PREDICTED:
                    rows.append((*key, system, PREDICTED, None, player_id))
                elif said is not None or kind != PREDICTED:  # else a key that this player's job did not own
                    failed = FAILED if kind == FAILED else SKIPPED
                    rows.append((*key, system, failed, said or reason, player_id))
    schema = PREDICTION_KEY_OUTCOMES.arrow_schema
    columns = zip(*rows, strict=True) if rows else ((),) * len(schema)
    return pa.table([pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)], schema=schema)
