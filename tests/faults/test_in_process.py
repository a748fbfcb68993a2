"""A job's run, whose process died before this one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec import structs

from shared.application.backfill.in_process import RunInProcess, ServedModels
from shared.application.runs.request import RunRequest, parse
from shared.domain.vocabulary import RunState
from shared.embedded.clock import FixedClock
from shared.errors import Unavailable
from shared.ports import ExpectedPlayer, OutgoingMessage, Publisher, Run
from shared.schemas.messages import RunRequested
from tests.conftest import Outbox
from tests.faults import checker
from tests.faults.stores import DAY, GAMES, NOW, MemoryRunStore
from tests.faults.world import warehouse_of_this_process


def request() -> RunRequest:
    asked = RunRequested(DAY.isoformat(), skip_mlfs_check=True, systems=["moving_average"])
    return structs.replace(parse(asked, NOW), job="backfill")


@pytest.fixture
def runs() -> Iterator[MemoryRunStore]:
    """A store that holds a run of the job, published, with one player expected."""
    warehouse_of_this_process().clear()
    runs = MemoryRunStore()
    runs.open(Run("dead", DAY, RunState.CREATED, datetime.now(UTC), 0, msgspec.to_builtins(request())))
    runs.expect("dead", [ExpectedPlayer("startedlongago", 99, GAMES[0])])
    runs.advance("dead", [RunState.CREATED], RunState.PUBLISHED)
    yield runs
    runs.close()


class BrokerAway:
    def publish(self, topic: str, messages: Sequence[OutgoingMessage]) -> None:
        raise Unavailable(f"{topic} for {len(messages)} messages: the broker is away")


def repeat(runs: MemoryRunStore, asked: RunRequest, publisher: Publisher | None = None) -> str:
    run = RunInProcess(warehouse_of_this_process(), runs, publisher or Outbox(), FixedClock(NOW), "job")
    said = run([asked], ServedModels({}, [], "commit"), {}, wait_seconds=0.0)[DAY]
    assert isinstance(said, str)
    return said


def ended(runs: MemoryRunStore) -> tuple[RunState, str | None]:
    assert checker.violations(checker.read(warehouse_of_this_process(), runs, DAY)) == []
    outcome = next(o for p, o in runs.outcomes("dead").items() if p.player_lookup == "startedlongago")
    return runs.get("dead").state, outcome and outcome.outcome.text


def test_a_player_whose_game_has_begun_since_does_not_keep_the_run_open(runs: MemoryRunStore) -> None:
    assert repeat(runs, request()) == "dead"
    assert ended(runs) == (RunState.PARTIAL, "failed:not_published")


def test_a_run_that_is_not_wanted_any_more_names_who_waited(runs: MemoryRunStore) -> None:
    assert repeat(runs, structs.replace(request(), min_minutes=10.0)) != "dead"
    assert ended(runs) == (RunState.FAILED, "failed:not_published")


def test_a_run_whose_rows_are_in_use_is_not_called_failed_by_the_job_after_it(runs: MemoryRunStore) -> None:
    with pytest.raises(Unavailable, match="predictions-complete"):
        repeat(runs, request(), BrokerAway())
    assert runs.get("dead").state is RunState.PUBLISHED
    assert any(r["is_active"] for r in warehouse_of_this_process().rows("player_prop_predictions"))
    repeat(runs, structs.replace(request(), min_minutes=10.0))
    assert ended(runs) == (RunState.PARTIAL, "failed:not_published")
