"""What random faults found in the product, each told once in order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from shared.application.messaging.topics import READY_TOPIC, REQUEST_TOPIC
from shared.domain.vocabulary import RunState
from shared.errors import Unavailable
from shared.ports import Run
from shared.schemas.messages import PredictionReady, RunRequested, encode
from tests.faults import checker
from tests.faults.poison import DEEP
from tests.faults.processes import SYSTEMS, TinyModel, errors
from tests.faults.stores import DAY, PLAYERS
from tests.faults.threads import How
from tests.faults.world import KEYS, Flight, World

LATE = timedelta(hours=1)


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    yield world
    world.close()


def start(world: World, process: str = "c1", force: bool = False) -> Flight:
    asked = RunRequested(DAY.isoformat(), force=force, skip_mlfs_check=True, systems=list(SYSTEMS))
    return world.start(process, asked)


def work_off(world: World) -> None:
    """All jobs as one batch."""
    world.finish(world.deliver("w1", world.broker.due(REQUEST_TOPIC)))


def newest(world: World) -> Run:
    return world.runs.runs()[0]


def said(world: World, run_id: str) -> dict[str, str | None]:
    return {p.player_lookup: o and o.outcome.text for p, o in world.runs.outcomes(run_id).items()}


def last_outcome(world: World) -> Flight:
    """The delivery that ends the run, not yet begun; the others are done."""
    *others, last = world.broker.due(READY_TOPIC)
    for m in others:
        world.finish(world.deliver("c1", [m]))
    return world.deliver("c1", [last])


def sound(world: World) -> bool:
    return not world.broken and not checker.violations(world._state())


def test_an_activation_that_wakes_up_late_takes_nothing_back_from_the_run_after_it(world: World) -> None:
    world.finish(start(world, force=True))
    work_off(world)
    sleeper = last_outcome(world)
    world.go_to(sleeper, "before warehouse.transact")
    world.finish(world.check_stalled("c2", LATE))
    assert newest(world).state is RunState.PARTIAL
    world.heal(force=True)
    second = newest(world).run_id
    world.finish(sleeper)
    active = [r for r in world.warehouse.rows("player_prop_predictions") if r["is_active"]]
    assert {r["run_id"] for r in active} == {second}
    assert {checker._key(r) for r in active} == KEYS
    assert sound(world)


def test_an_activation_that_wakes_up_late_changes_no_verdict(world: World) -> None:
    world.finish(start(world))
    (first, *_) = world.broker.due(REQUEST_TOPIC)
    world.finish(world.deliver("w1", [first]))
    world.finish(world.deliver("c1", world.broker.due(READY_TOPIC)))
    sleeper = world.check_stalled("c1", LATE)
    world.go_to(sleeper, "before warehouse.query")
    world.settle([sleeper])
    failed = newest(world)
    assert failed.note == "1 of 8 expected players predicted; nothing activated"
    world.heal(force=False)
    world.finish(sleeper)
    assert world.runs.get(failed.run_id).state is RunState.FAILED
    assert world.verdict() == []


def test_a_run_that_fills_a_gap_is_not_measured_by_the_gap(world: World) -> None:
    world.models["w1"] = TinyModel({13.0: ValueError("bad row")})
    world.kill("w1")
    world.finish(start(world))
    world.settle()
    assert said(world, newest(world).run_id)["playerd"] == "failed:rejected_message"
    world.models.clear()
    world.kill("w1")
    world.heal(force=False)
    filled = newest(world)
    assert filled.state is RunState.PARTIAL  # six of eight
    assert filled.note == "1 of 3 expected players predicted, 5 have rows of an earlier run"
    assert world.verdict() == []


def test_a_start_that_published_half_frees_the_date_and_names_everybody(world: World) -> None:
    first = start(world)
    world.go_to(first, "before broker.publish")
    world.step(first, How.HALF)
    world.finish(first)
    run = newest(world)
    assert run.state is RunState.FAILED
    assert set(said(world, run.run_id).values()) == {"failed:not_published"}
    again = start(world)
    world.finish(again)
    world.settle()
    assert newest(world).state is RunState.PARTIAL
    assert sound(world)


def test_a_start_whose_answer_was_lost_throws_nothing_away_that_is_predicted(world: World) -> None:
    first = start(world)
    world.go_to(first, "after broker.publish")
    work_off(world)
    for m in world.broker.due(READY_TOPIC):
        world.finish(world.deliver("c2", [m]))
    world.step(first, How.FAIL)
    world.finish(first)
    assert isinstance(first.work.error, Unavailable)
    assert newest(world).state is RunState.PARTIAL
    assert world.verdict() == []


def test_a_start_that_fails_does_not_end_a_run_that_is_being_activated(world: World) -> None:
    world.finish(start(world))
    world.settle()
    first = start(world, force=True)
    world.go_to(first, "after broker.publish")
    work_off(world)
    for m in world.broker.due(READY_TOPIC)[:-2]:  # all but the incomplete player's
        world.finish(world.deliver("c2", [m]))
    ending = world.check_stalled("c2", LATE)
    world.go_to(ending, "before warehouse.transact")
    world.step(first, How.FAIL)
    world.finish(first)
    assert newest(world).state is RunState.ACTIVATING
    world.finish(ending)
    assert newest(world).state is RunState.PARTIAL
    assert sound(world)


def test_a_run_that_was_ended_before_its_jobs_were_out_publishes_none(world: World) -> None:
    first = start(world)
    world.go_to(first, "after runs.expect")
    world.finish(world.check_stalled("c2", LATE))
    world.finish(first)
    assert isinstance(first.work.error, Unavailable)
    assert world.broker.due(REQUEST_TOPIC) == []
    run = newest(world)
    assert (run.state, run.note) == (RunState.FAILED, "stopped before publishing")
    assert set(said(world, run.run_id).values()) == {"failed:not_published"}


def test_a_run_that_was_published_stays_open_where_its_end_cannot_be_written_yet(world: World) -> None:
    first = start(world)
    world.go_to(first, "before runs.record")
    world.step(first, How.FAIL)
    world.finish(first)
    assert newest(world).state is RunState.PUBLISHED
    world.settle()
    assert newest(world).state is RunState.PARTIAL
    assert world.verdict() == []


def test_only_who_began_an_activation_takes_it_back(world: World) -> None:
    world.finish(start(world))
    work_off(world)
    sleeper = last_outcome(world)
    world.go_to(sleeper, "before warehouse.transact")
    other = world.check_stalled("c2", LATE)
    world.go_to(other, "before warehouse.transact")
    world.step(other, How.FAIL)
    world.finish(other)
    assert newest(world).state is RunState.ACTIVATING
    world.step(sleeper, How.FAIL)
    world.finish(sleeper)
    assert newest(world).state is RunState.PUBLISHED
    world.settle()
    assert world.verdict() == []


def test_two_models_in_one_run_activate_nothing(world: World) -> None:
    world.model_name["w2"] = "new"
    world.kill("w2")
    world.finish(start(world))
    jobs = world.broker.due(REQUEST_TOPIC)
    world.finish(world.deliver("w1", jobs[:3]))
    world.finish(world.deliver("w2", jobs[3:]))
    world.settle()
    run = newest(world)
    assert run.state is RunState.FAILED
    assert run.note == "more than one model served catboost_v9; nothing activated"
    assert world.warehouse.rows("player_prop_predictions") == []


def test_a_run_that_cannot_be_ended_now_does_not_keep_the_others_open(world: World) -> None:
    world.finish(start(world))
    for day in (20, 21):
        world.runs.open(Run(f"r{day}", DAY.replace(day=day), RunState.CREATED, newest(world).opened_at))
    ending = world.check_stalled("c1", LATE)
    world.go_to(ending, "before runs.record")
    world.step(ending, How.FAIL)
    world.finish(ending)
    assert isinstance(ending.work.error, Unavailable)
    assert sum(r.closed_at is not None for r in world.runs.runs()) == 2


@pytest.mark.parametrize("error", errors(), ids=lambda e: type(e).__name__)
def test_a_model_that_throws_for_one_row_costs_one_player(world: World, error: Exception) -> None:
    world.models["w1"] = TinyModel({11.0: error})
    world.kill("w1")
    world.finish(start(world))
    work_off(world)
    world.settle()
    outcomes = world.runs.outcomes(newest(world).run_id)
    failed = [
        p.player_lookup for p, o in outcomes.items() if o and o.outcome.text == "failed:rejected_message"
    ]
    assert failed == ["playerb"]
    assert sum(o is not None and o.outcome.text == "predicted" for o in outcomes.values()) == len(PLAYERS) - 3
    assert ["bad row" in r["reason"] for r in world.warehouse.rows("rejected_messages")] == [True]
    assert sound(world)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (REQUEST_TOPIC, DEEP),
        (READY_TOPIC, DEEP),
        (REQUEST_TOPIC, b'{"run_id": "r", "player_lookup": "\\ud800"}'),
    ],
)
def test_a_message_that_no_decoder_takes_is_kept(world: World, topic: str, payload: bytes) -> None:
    world.publish_poison(topic, payload, raw=False)
    world.settle()
    assert world.broker.dead == []
    assert sound(world)


def test_an_outcome_that_is_none_is_kept_and_changes_nothing(world: World) -> None:
    world.finish(start(world))
    run_id = newest(world).run_id
    world.publish_poison(READY_TOPIC, encode(PredictionReady(1, run_id, "playera", "perhaps", {})), raw=False)
    world.finish(world.deliver("c1", world.broker.due(READY_TOPIC)))
    assert said(world, run_id)["playera"] is None
    assert "'perhaps'" in world.warehouse.rows("rejected_messages")[0]["reason"]
    world.settle()
    assert world.verdict() == []
