"""The checker finds what it is there for: each rule fires on tables that break it, and on no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from shared.domain.vocabulary import Outcome, RunState
from shared.ports import PlayerOutcome
from shared.schemas.messages import RunRequested
from tests.faults.checker import ALWAYS, AT_THE_END, State, violations
from tests.faults.processes import SYSTEMS
from tests.faults.stores import DAY
from tests.faults.world import World

Rows = tuple[dict[str, Any], ...]


@pytest.fixture(scope="module")
def good() -> Iterator[State]:
    """A date that was predicted, and once more by force."""
    world = World()
    world.publish_poison("prediction-ready", b"not json", raw=True)
    world.settle()
    for force in (False, True):
        asked = RunRequested(DAY.isoformat(), force=force, skip_mlfs_check=True, systems=list(SYSTEMS))
        world.finish(world.start("c1", asked))
        world.settle()
        world.look()
    yield world._state()
    world.close()


def test_good_tables_break_no_rule(good: State) -> None:
    assert violations(good) == []
    assert len(good.runs) == 2
    assert len(good.predictions) == 2 * 24
    assert {r["role"] for r in good.predictions} == {"champion", "shadow"}


def active(row: dict[str, Any]) -> bool:
    return bool(row["is_active"])


def superseded(row: dict[str, Any]) -> bool:
    return row["superseded_by"] is not None


def shadow(row: dict[str, Any]) -> bool:
    return row["role"] == "shadow"


def model_row(row: dict[str, Any]) -> bool:
    return row["system_id"] == "catboost_v9" and active(row)


def changed(rows: Any, which: Callable[[dict[str, Any]], bool], **values: Any) -> Rows:
    """The rows with the first that is meant changed."""
    at = next(i for i, r in enumerate(rows) if which(r))
    return (*rows[:at], {**rows[at], **values}, *rows[at + 1 :])


def without(rows: Any, which: Callable[[dict[str, Any]], bool]) -> Rows:
    at = next(i for i, r in enumerate(rows) if which(r))
    return (*rows[:at], *rows[at + 1 :])


def doubled(s: State, **values: Any) -> Rows:
    row = next(r for r in s.predictions if active(r))
    return (*s.predictions, {**row, **values})


def with_outcome(s: State, outcome: PlayerOutcome | None) -> State:
    newest = s.runs[0].run_id
    of_a = next(p for p in s.outcomes[newest] if p.player_lookup == "playera")
    return replace(s, outcomes={**s.outcomes, newest: {**s.outcomes[newest], of_a: outcome}})


MUTANTS: list[tuple[str, Callable[[State], State]]] = [
    ("one_active_row", lambda s: replace(s, predictions=doubled(s, prediction_id="other", run_id="other"))),
    ("active_is_champion", lambda s: replace(s, predictions=changed(s.predictions, shadow, is_active=True))),
    ("written_once", lambda s: replace(s, predictions=doubled(s, is_active=False))),
    ("written_once", lambda s: replace(s, predictions=doubled(s, prediction_id="other"))),
    ("one_model", lambda s: replace(s, predictions=changed(s.predictions, model_row, model_sha256="other"))),
    *[
        (
            "superseded_says_why",
            lambda s, name=name: replace(s, predictions=changed(s.predictions, superseded, **{name: None})),
        )
        for name in ("superseded_by", "superseded_at", "superseded_reason")
    ],
    (
        "superseded_says_why",
        lambda s: replace(s, predictions=changed(s.predictions, active, superseded_by="other")),
    ),
    ("nothing_deleted", lambda s: replace(s, predictions=without(s.predictions, superseded))),
    ("key_covered", lambda s: replace(s, predictions=changed(s.predictions, active, is_active=False))),
    (
        "failed_uses_nothing",
        lambda s: replace(s, runs=(replace(s.runs[0], state=RunState.FAILED), s.runs[1])),
    ),
    ("staged_before_told", lambda s: replace(s, staging=s.staging[1:])),
    ("nothing_stuck", lambda s: replace(s, runs=(replace(s.runs[0], state=RunState.ACTIVATING), s.runs[1]))),
    ("every_outcome", lambda s: with_outcome(s, None)),
    ("every_outcome", lambda s: with_outcome(s, PlayerOutcome(1, "playera", Outcome("lost")))),
    ("nothing_lost", lambda s: replace(s, predictions=without(s.predictions, active))),
    ("nothing_lost", lambda s: replace(s, predictions=without(s.predictions, shadow))),
    ("run_row_agrees", lambda s: replace(s, run_rows=s.run_rows[1:])),
    ("run_row_agrees", lambda s: replace(s, run_rows=(*s.run_rows, s.run_rows[0]))),
    ("run_row_agrees", lambda s: with_outcome(s, PlayerOutcome(1, "playera", Outcome.parse("failed:x")))),
    ("run_row_agrees", lambda s: replace(s, run_rows=changed(s.run_rows, lambda _: True, state="PARTIAL!"))),
    ("poison_kept", lambda s: replace(s, rejected=())),
]


@pytest.mark.parametrize(("rule", "mutate"), MUTANTS, ids=[f"{i}-{r}" for i, (r, _) in enumerate(MUTANTS)])
def test_a_broken_rule_is_named(good: State, rule: str, mutate: Callable[[State], State]) -> None:
    assert rule in {v.split(":")[0] for v in violations(mutate(good))}


def test_every_rule_has_a_mutant() -> None:
    assert {rule for rule, _ in MUTANTS} == {*ALWAYS, *AT_THE_END}
