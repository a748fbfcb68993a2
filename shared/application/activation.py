"""Activation: one transaction that moves a run's staged rows into the predictions that are used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import pyarrow as pa

from shared.application.outgoing import COMPLETE_TOPIC, outgoing
from shared.application.signals import ComputeSignals
from shared.ports import Clock, PlayerOutcome, Publisher, Run, RunState, Warehouse
from shared.schemas.messages import SCHEMA_VERSION, PredictionsComplete
from shared.schemas.predictions import PREDICTION_KEY_OUTCOMES, PREDICTION_RUNS
from shared.warehouse.statements import statement

COMPLETE_SHARE, FAILED_SHARE = 0.80, 0.50
"""Shares of expected players predicted: below the first a run is PARTIAL, below the second FAILED."""

PREDICTED, SKIPPED, FAILED = "predicted", "skipped", "failed"


class Counts(NamedTuple):
    """Rows that came into use and rows that they replaced; games that had started by then."""

    activated: int = 0
    superseded: int = 0
    games_begun: int = 0


NOTHING = Counts()


@dataclass(frozen=True)
class Ended:
    state: RunState
    note: str
    counts: Counts = NOTHING


class Activate:
    """Safe to repeat: a run that was activated already changes nothing, however late and whatever run
    has taken its place since."""

    def __init__(self, warehouse: Warehouse, publisher: Publisher, clock: Clock) -> None:
        self._warehouse = warehouse
        self._publisher = publisher
        self._clock = clock
        self._signals = ComputeSignals(warehouse, clock)

    def __call__(
        self, run: Run, outcomes: Mapping[str, PlayerOutcome | None], games: Mapping[str, str]
    ) -> Ended:
        counts = Counter((o.outcome if o else FAILED).split(":")[0] for o in outcomes.values())
        ended = self._end(run, outcomes, games)
        self._report(run, ended, counts)
        return ended

    def _end(
        self,
        run: Run,
        outcomes: Mapping[str, PlayerOutcome | None],
        games: Mapping[str, str],
    ) -> Ended:
        if not outcomes:
            return Ended(RunState.COMPLETE, "nothing to do: every key has an active row")
        predicted = {p for p, o in outcomes.items() if o is not None and o.outcome == PREDICTED}
        earlier = self._earlier(run)
        share = len(predicted | earlier) / len(outcomes.keys() | earlier)
        summary = f"{len(predicted)} of {len(outcomes)} expected players predicted"
        if others := earlier - predicted:
            summary += f", {len(others)} have rows of an earlier run"
        if told := self._told(run):
            return told
        if share < FAILED_SHARE:
            return Ended(RunState.FAILED, f"{summary}; nothing activated")
        self._warehouse.upsert(PREDICTION_KEY_OUTCOMES, _key_outcomes(run, outcomes, games))
        if wrong := self._wrong(run):
            return Ended(RunState.FAILED, f"{wrong}; nothing activated")
        self._move(run)
        counts = self._counts(run)
        duplicates = self._warehouse.query(statement("active_duplicates", game_date=run.game_date)).num_rows
        if duplicates:
            return Ended(RunState.FAILED, f"{duplicates} keys have more than one active row", counts)
        state = RunState.COMPLETE if share >= COMPLETE_SHARE else RunState.PARTIAL
        return Ended(state, summary, counts)

    def _earlier(self, run: Run) -> set[str]:
        """Players who have an active row that this run leaves alone: they count as served, whether it
        expected them for other keys or not, so that a run that fills a gap is not measured by the gap."""
        if run.request.get("force"):
            return set()
        rows = self._warehouse.query(statement("active_keys", game_date=run.game_date))
        return set(rows["player_lookup"].to_pylist())

    def _told(self, run: Run) -> Ended | None:
        """How this run ended, where that was told before: it stands.

        Asked after the active rows were read, which are another run's where this one had ended by then.
        """
        asked = statement("run_result", game_date=run.game_date, run_id=run.run_id)
        found = self._warehouse.query(asked).to_pylist()
        if not found:
            return None
        (row,) = found
        return Ended(RunState(row["state"]), row["note"], self._counts(run))

    def _wrong(self, run: Run) -> str | None:
        """Why the staged rows may not be used."""
        others = self._named("activation_mismatches", run)
        if others:
            return f"served features differ from the stored row for {', '.join(others[:5])}"
        mixed = self._named("activation_models", run)
        return f"more than one model served {', '.join(mixed)}" if mixed else None

    def _named(self, query: str, run: Run) -> list[str]:
        rows = self._warehouse.query(statement(query, game_date=run.game_date, run_id=run.run_id))
        return [str(name) for name in rows.column(0).to_pylist()]

    def _move(self, run: Run) -> None:
        params = {"game_date": run.game_date, "run_id": run.run_id, "now": self._clock.now()}
        force = bool(run.request.get("force")) and not run.request.get("in_sample")
        reason = run.request.get("reason") or "replaced by a later run"
        self._warehouse.transact(
            [
                statement("activation_supersede", force=force, reason=reason, **params),
                statement("activation_insert", **params),
            ]
        )

    def _counts(self, run: Run) -> Counts:
        """From the table: a repeat says the same."""
        (row,) = self._warehouse.query(
            statement("activation_counts", game_date=run.game_date, run_id=run.run_id)
        ).to_pylist()
        return Counts(**row)

    def _report(self, run: Run, ended: Ended, counts: Counter[str]) -> None:
        now = datetime.now(UTC)
        numbers = {"predicted": counts[PREDICTED], "skipped": counts[SKIPPED], "failed": counts[FAILED]}
        row = {
            "run_id": run.run_id,
            "game_date": run.game_date,
            "state": ended.state.value,
            "mode": str(run.request.get("mode", "LIVE")),
            "force": bool(run.request.get("force")),
            "expected_players": sum(counts.values()),
            **numbers,
            "rows_activated": ended.counts.activated,
            "rows_superseded": ended.counts.superseded,
            "note": ended.note,
            "opened_at": run.opened_at,
            "closed_at": now,
        }
        self._warehouse.upsert(
            PREDICTION_RUNS, pa.Table.from_pylist([row], schema=PREDICTION_RUNS.arrow_schema)
        )
        if ended.counts.activated:
            self._signals(run.game_date)
        message = PredictionsComplete(
            SCHEMA_VERSION, run.run_id, run.game_date.isoformat(), ended.state.value, **numbers
        )
        self._publisher.publish(COMPLETE_TOPIC, [outgoing(message)])


def _key_outcomes(
    run: Run, outcomes: Mapping[str, PlayerOutcome | None], games: Mapping[str, str]
) -> pa.Table:
    """One row per expected player and system of the run."""
    rows = []
    for player, outcome in outcomes.items():
        kind, _, reason = (outcome.outcome if outcome else f"{FAILED}:no_outcome").partition(":")
        for system in run.request["systems"]:
            said = (outcome.systems if outcome else {}).get(system)
            if said is None and kind == PREDICTED:
                continue  # a key that this player's job did not own
            ended = PREDICTED if said == PREDICTED else FAILED if kind == FAILED else SKIPPED
            rows.append(
                {
                    "run_id": run.run_id,
                    "game_date": run.game_date,
                    "game_id": games[player],
                    "player_lookup": player,
                    "system_id": system,
                    "outcome": ended,
                    "reason": None if ended == PREDICTED else said or reason,
                }
            )
    return pa.Table.from_pylist(rows, schema=PREDICTION_KEY_OUTCOMES.arrow_schema)
