"""What must hold of a game date's tables once its runs have ended, whatever broke on the way."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.domain.vocabulary import ACTIVE_STATES, RunState
from shared.ports import ExpectedPlayer, PlayerOutcome, Run, RunStore, Statement, Warehouse

Row = Mapping[str, Any]
KINDS = ("predicted", "skipped", "failed")
ENDED_WELL = (RunState.COMPLETE, RunState.PARTIAL)


@dataclass(frozen=True)
class State:
    """Everything that is known of a game date.

    ``seen``: ids of predictions that stood in the table at an earlier look; ``poison``: bodies that
    were delivered and can never succeed.
    """

    runs: tuple[Run, ...]
    outcomes: Mapping[str, Mapping[ExpectedPlayer, PlayerOutcome | None]]
    predictions: tuple[Row, ...]
    staging: tuple[Row, ...]
    run_rows: tuple[Row, ...]
    rejected: tuple[Row, ...]
    seen: frozenset[str] = frozenset()
    poison: tuple[bytes, ...] = ()

    def outcome_pairs(self) -> Iterator[tuple[Run, int | None, str]]:
        """Every run, player and system that the run store calls predicted."""
        for run in self.runs:
            for player, outcome in self.outcomes[run.run_id].items():
                for system, said in (outcome.systems if outcome else {}).items():
                    if said == "predicted":
                        yield run, player.player_id, system


def read(
    warehouse: Warehouse,
    runs: RunStore,
    game_date: date,
    seen: frozenset[str] = frozenset(),
    poison: Sequence[bytes] = (),
) -> State:
    def table(name: str, where: str = "game_date = @d") -> tuple[Row, ...]:
        sql = f"SELECT * FROM nba_predictions.{name} WHERE {where}"
        return tuple(warehouse.query(Statement(sql, {"d": game_date})).to_pylist())

    found = tuple(runs.runs(game_date=game_date, limit=1000))
    return State(
        runs=found,
        outcomes={r.run_id: runs.outcomes(r.run_id) for r in found},
        predictions=table("player_prop_predictions"),
        staging=table("prediction_staging"),
        run_rows=table("prediction_runs"),
        rejected=table("rejected_messages", "rejected_date > @d"),
        seen=seen,
        poison=tuple(poison),
    )


def violations(state: State, *, ended: bool = True) -> list[str]:
    """Each broken rule with what breaks it; ``ended=False`` leaves out what holds at the end only."""
    rules = {**ALWAYS, **(AT_THE_END if ended else {})}
    return [f"{name}: {detail}" for name, rule in rules.items() for detail in rule(state)]


def _key(row: Row) -> tuple[str, int, str]:
    return row["game_id"], row["player_id"], row["system_id"]


def one_active_row(state: State) -> Iterator[str]:
    active = Counter(_key(r) for r in state.predictions if r["is_active"])
    yield from (f"{n} active rows of {key}" for key, n in active.items() if n > 1)


def active_is_champion(state: State) -> Iterator[str]:
    for r in state.predictions:
        if r["is_active"] and r["role"] != "champion":
            yield f"a {r['role']} row of {_key(r)}"


def written_once(state: State) -> Iterator[str]:
    ids = Counter(r["prediction_id"] for r in state.predictions)
    yield from (f"{n} rows of id {of}" for of, n in ids.items() if n > 1)
    keys = Counter((r["run_id"], *_key(r)) for r in state.predictions if r["role"] == "champion")
    yield from (f"{n} champion rows of {key}" for key, n in keys.items() if n > 1)


def one_model(state: State) -> Iterator[str]:
    served: dict[tuple[str, str], set[str]] = defaultdict(set)
    for r in state.predictions:
        if r["role"] == "champion":
            served[r["run_id"], r["system_id"]].add(r["model_sha256"])
    yield from (f"{len(models)} in {of}" for of, models in served.items() if len(models) > 1)


def superseded_says_why(state: State) -> Iterator[str]:
    for r in state.predictions:
        told = [r[f"superseded_{what}"] is not None for what in ("by", "at", "reason")]
        if r["role"] == "champion" and (any(told) if r["is_active"] else not all(told)):
            yield f"{_key(r)} of {r['run_id']} is {'' if r['is_active'] else 'not '}active and says {told}"
        if r["superseded_by"] == r["run_id"]:
            yield f"{_key(r)} of {r['run_id']} by itself"


def nothing_deleted(state: State) -> Iterator[str]:
    yield from (f"prediction {i}" for i in state.seen - {r["prediction_id"] for r in state.predictions})


def key_covered(state: State) -> Iterator[str]:
    """A key that was active once is active now, unless a run that owned it skipped it."""
    rows: dict[tuple[str, int, str], list[Row]] = defaultdict(list)
    for r in state.predictions:
        if r["role"] == "champion":
            rows[_key(r)].append(r)
    for key, of in rows.items():
        skipped = any((r["superseded_reason"] or "").startswith("skipped:") for r in of)
        if not skipped and not any(r["is_active"] for r in of):
            yield f"no active row of {key}"


def failed_uses_nothing(state: State) -> Iterator[str]:
    failed = {r.run_id for r in state.runs if r.state is RunState.FAILED}
    for run_id, n in Counter(r["run_id"] for r in state.predictions if r["run_id"] in failed).items():
        yield f"{n} rows of {run_id}"


def staged_before_told(state: State) -> Iterator[str]:
    staged = {(r["run_id"], r["player_id"], r["system_id"]) for r in state.staging}
    for run, player, system in state.outcome_pairs():
        if (run.run_id, player, system) not in staged:
            yield f"{player} {system} of {run.run_id}"


def nothing_stuck(state: State) -> Iterator[str]:
    yield from (f"{r.run_id} is {r.state}" for r in state.runs if r.state in ACTIVE_STATES)


def every_outcome(state: State) -> Iterator[str]:
    for run_id, players in state.outcomes.items():
        for player, outcome in players.items():
            if outcome is None or outcome.outcome.text.partition(":")[0] not in KINDS:
                yield f"{player} of {run_id}: {outcome}"


def nothing_lost(state: State) -> Iterator[str]:
    """What a run that ended well calls predicted stands among the predictions, its shadows too."""
    there = {(r["run_id"], r["player_id"], r["system_id"], r["role"]) for r in state.predictions}
    shadows = {(r["run_id"], r["player_id"], r["system_id"]) for r in state.staging if r["role"] == "shadow"}
    for run, player, system in state.outcome_pairs():
        key = (run.run_id, player, system)
        for role in ("champion", "shadow"):
            wanted = role == "champion" or key in shadows
            if run.state in ENDED_WELL and wanted and (*key, role) not in there:
                yield f"{player} {system} ({role}) of {run.run_id}"


def run_row_agrees(state: State) -> Iterator[str]:
    rows = {r["run_id"]: r for r in state.run_rows}
    if len(rows) < len(state.run_rows):
        yield "two rows of one run"
    for run in state.runs:
        row = rows.get(run.run_id)
        if row is None:
            if run.state in ENDED_WELL:
                yield f"none of {run.run_id}"
            continue
        counts = Counter(o.outcome.text.partition(":")[0] for o in state.outcomes[run.run_id].values() if o)
        said = {"state": run.state.value, "expected_players": run.expected}
        said |= {kind: counts[kind] for kind in KINDS}
        said["rows_activated"] = sum(r["run_id"] == run.run_id for r in state.predictions)
        if different := {k: (row[k], v) for k, v in said.items() if row[k] != v}:
            yield f"{run.run_id}: {different}"


def poison_kept(state: State) -> Iterator[str]:
    kept = {r["body"] for r in state.rejected}
    yield from (repr(body[:200]) for body in state.poison if body.decode("utf-8", "replace") not in kept)


Rule = Callable[[State], Iterator[str]]

ALWAYS: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        one_active_row,
        active_is_champion,
        written_once,
        one_model,
        superseded_says_why,
        nothing_deleted,
        key_covered,
        failed_uses_nothing,
        staged_before_told,
    )
}
"""What holds at every moment."""

AT_THE_END: dict[str, Rule] = {
    rule.__name__: rule for rule in (nothing_stuck, every_outcome, nothing_lost, run_row_agrees, poison_kept)
}
