from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest

from shared.domain.vocabulary import Outcome, RunState
from shared.errors import Conflict, NotFound
from shared.ports import ExpectedPlayer, PlayerOutcome, Run, RunStore

DAY = date(2025, 3, 19)
Stores = Callable[[], RunStore]


def run(run_id: str, day: date = DAY, minutes: int = 0) -> Run:
    opened = datetime.now(UTC) + timedelta(minutes=minutes)
    return Run(run_id, day, RunState.CREATED, opened, 0, {"force": True, "systems": ["a", "b"]})


def player(lookup: str, game: str = "g", player_id: int | None = None) -> ExpectedPlayer:
    """A player whose id follows from his spelling unless it is given."""
    return ExpectedPlayer(lookup, player_id or int.from_bytes(lookup.encode()), game)


def outcome(
    lookup: str, said: str, systems: dict[str, str] | None = None, player_id: int | None = None
) -> PlayerOutcome:
    return PlayerOutcome(player(lookup, "g", player_id).player_id, lookup, Outcome.parse(said), systems or {})


def at_once(work: Callable[[int], None], many: int) -> None:
    threads = [threading.Thread(target=work, args=(i,)) for i in range(many)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()


def test_a_run_comes_back_as_it_was_opened(run_stores: Stores) -> None:
    store, opened = run_stores(), run("a")
    store.open(opened)
    assert store.get("a") == opened
    with pytest.raises(NotFound, match="'none'"):
        store.get("none")
    with pytest.raises(NotFound, match="'none'"):
        store.advance("none", [RunState.CREATED], RunState.FAILED) or store.get("none")
    assert store.players("none") == []
    assert store.outcomes("a") == {}


def test_one_active_run_per_date_and_the_loser_learns_the_holder(run_stores: Stores) -> None:
    store, other = run_stores(), run_stores()
    store.open(run("a"))
    with pytest.raises(Conflict) as lost:
        other.open(run("b"))
    assert lost.value.holder == "a"
    other.open(run("c", DAY + timedelta(days=1)))
    assert [r.run_id for r in store.active_runs()] == ["a", "c"]
    assert store.advance("a", [RunState.CREATED], RunState.FAILED, note="why")
    assert [r.run_id for r in store.active_runs()] == ["c"]
    other.open(run("b", minutes=1))
    assert [r.run_id for r in store.runs(game_date=DAY)] == ["b", "a"]
    assert [r.run_id for r in store.runs(limit=1)] == ["b"]
    ended = other.get("a")
    assert (ended.state, ended.note, ended.closed_at is not None) == (RunState.FAILED, "why", True)


def test_what_is_asked_together_is_answered_at_once_and_stored(run_stores: Stores) -> None:
    mine, other = run_stores(), run_stores()
    mine.open(run("taken"))
    days = [DAY + timedelta(days=n) for n in (1, 2)]
    with mine.batched_writes():
        for name, day in zip("ab", days, strict=True):
            mine.open(run(name, day))
            mine.expect(name, [player("player")])
            assert mine.advance(name, [RunState.CREATED], RunState.PUBLISHED)
        with pytest.raises(Conflict):
            mine.open(run("late"))
        assert mine.record("a", [outcome("player", "predicted")]) == 0
        assert mine.get("b").state is RunState.PUBLISHED
    assert {other.get(name).state for name in "ab"} == {RunState.PUBLISHED}
    assert [other.get(name).expected for name in "ab"] == [1, 1]
    assert (other.outcomes("a"), other.outcomes("b")) == (
        {player("player"): outcome("player", "predicted")},
        {player("player"): None},
    )


def test_of_several_who_open_at_once_one_has_the_date(run_stores: Stores) -> None:
    opened, lost = [], []

    def work(i: int) -> None:
        try:
            run_stores().open(run(f"r{i}"))
            opened.append(f"r{i}")
        except Conflict as exc:
            lost.append(exc.holder)

    at_once(work, 4)
    assert len(opened) == 1
    assert lost == opened * 3


def test_of_many_callers_one_moves_a_run_on(run_stores: Stores) -> None:
    run_stores().open(run("a"))
    moved: list[bool] = []
    at_once(lambda _: moved.append(run_stores().advance("a", [RunState.CREATED], RunState.PUBLISHED)), many=6)
    assert sorted(moved) == [False] * 5 + [True]
    assert run_stores().get("a").closed_at is None


def test_the_first_outcome_of_an_expected_player_stays(run_stores: Stores) -> None:
    store = run_stores()
    store.open(run("a"))
    store.expect("a", [player("x", "g1"), player("y", "g2")])
    store.expect("a", [player("x", "other"), player("y", "g2")])
    said = outcome("x", "predicted", {"moving_average": "predicted", "similarity": "too_few"})
    assert store.record("a", [said]) == 1
    assert store.record("a", [outcome("x", "failed:late"), outcome("other", "predicted")]) == 1
    again = run_stores()
    assert again.record("a", [outcome("x", "failed:late"), outcome("y", "skipped:none")]) == 0
    assert again.outcomes("a") == {player("x", "g1"): said, player("y", "g2"): outcome("y", "skipped:none")}
    assert again.players("a") == [player("x", "g1"), player("y", "g2")]
    assert again.get("a").expected == 2
    with pytest.raises(NotFound, match="'none'"):
        store.record("none", [])


def test_a_run_that_has_ended_expects_nobody_more(run_stores: Stores) -> None:
    store = run_stores()
    store.open(run("a"))
    store.expect("a", [player("x", "g1")])
    store.advance("a", [RunState.CREATED], RunState.FAILED)
    store.expect("a", [player("y", "g1")])
    assert run_stores().players("a") == [player("x", "g1")]


def test_two_outcomes_of_one_player_in_one_call_leave_the_first(run_stores: Stores) -> None:
    store = run_stores()
    store.open(run("a"))
    store.expect("a", [player("x")])
    assert store.record("a", [outcome("x", "predicted"), outcome("x", "failed:late")]) == 0
    assert store.outcomes("a") == {player("x"): outcome("x", "predicted")}


def test_of_many_who_record_at_once_the_last_learns_that_none_is_left(run_stores: Stores) -> None:
    players = [f"p{i:02d}" for i in range(12)]
    store = run_stores()
    store.open(run("a"))
    store.expect("a", [player(p) for p in players])
    left: list[int] = []
    at_once(
        lambda i: left.append(run_stores().record("a", [outcome(p, "predicted") for p in players[i::4]])),
        many=4,
    )
    assert 0 in left
    assert all(o is not None for o in store.outcomes("a").values())


def test_a_slate_of_any_size_is_recorded(run_stores: Stores) -> None:
    players = [f"p{i:04d}" for i in range(900)]
    store = run_stores()
    store.open(run("a"))
    store.expect("a", [player(p, "20250319_AAA_BBB") for p in players])
    assert store.record("a", [outcome(p, "predicted", {"s": "predicted"}) for p in players]) == 0
    assert len(store.outcomes("a")) == 900


def test_two_players_of_one_spelling_are_two(run_stores: Stores) -> None:
    store = run_stores()
    store.open(run("a"))
    first, second, third = (player("x", game, of) for game, of in (("g1", 11), ("g1", 12), ("g2", 13)))
    store.expect("a", [first])
    store.expect("a", [second, player("y"), third, first])
    assert run_stores().players("a") == [first, second, third, player("y")]
    assert store.record("a", [outcome("x", "predicted", {"s": "predicted"}, 12)]) == 3
    assert store.record("a", [outcome("x", "skipped:none", player_id=12), outcome("y", "failed:x")]) == 2
    assert store.record("a", [outcome("x", "skipped:out", player_id=13)]) == 1
    assert run_stores().outcomes("a") == {
        first: None,
        second: outcome("x", "predicted", {"s": "predicted"}, 12),
        third: outcome("x", "skipped:out", player_id=13),
        player("y"): outcome("y", "failed:x"),
    }
    assert run_stores().get("a").expected == 4


def test_a_player_is_named_once_however_he_is_spelled(run_stores: Stores) -> None:
    store = run_stores()
    store.open(run("a"))
    store.expect("a", [player("x", "g1", 11)])
    store.expect("a", [player("xjr", "g1", 11)])
    assert store.players("a") == [player("x", "g1", 11)]
    assert store.record("a", [outcome("xjr", "predicted", player_id=11)]) == 0
