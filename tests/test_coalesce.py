from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.errors import Unavailable
from shared.web.micro_batching import MicroBatcher


class Store:
    """Work that waits until it is let go, and remembers what came together."""

    def __init__(self, batches_awaited: int) -> None:
        self.batches: list[list[int]] = []
        self.most_at_once = 0
        self._at_once, self._lock = 0, threading.Lock()
        self._come = threading.Semaphore(0)
        self.answer = threading.Event()
        self._awaited = batches_awaited

    def __call__(self, jobs: Sequence[int]) -> None:
        with self._lock:
            self.batches.append(list(jobs))
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        self._come.release()
        assert self.answer.wait(10)
        with self._lock:
            self._at_once -= 1

    async def has_come(self) -> None:
        """Until so many batches are waiting."""
        for _ in range(self._awaited):
            assert await asyncio.to_thread(self._come.acquire, True, 10)


def run(
    work: Callable[[Sequence[int]], None], at_once: int, play: Callable[[MicroBatcher[int]], object]
) -> None:
    with ThreadPoolExecutor(at_once) as executor:

        async def main() -> None:
            await play(MicroBatcher[int](work, executor, at_once))  # type: ignore[misc]

        asyncio.run(main())


def test_messages_that_arrive_together_are_written_together() -> None:
    batches: list[int] = []

    async def submit_all(coalescer: MicroBatcher[int]) -> None:
        await asyncio.gather(*(coalescer.submit(i) for i in range(50)))

    run(lambda jobs: batches.append(len(jobs)), 1, submit_all)
    assert batches == [50]


def test_what_arrives_while_the_loop_still_brings_more_is_one_batch() -> None:
    """Jobs of a burst come turn by turn; one that comes alone waits for no timer."""
    batches: list[int] = []

    async def burst(coalescer: MicroBatcher[int]) -> None:
        async with asyncio.TaskGroup() as group:
            for i in range(40):
                group.create_task(coalescer.submit(i))
                await asyncio.sleep(0)
        await coalescer.submit(40)

    run(lambda jobs: batches.append(len(jobs)), 2, burst)
    assert batches == [40, 1]


@pytest.mark.parametrize(("at_once", "wanted"), [(1, [[0], [1, 2]]), (2, [[0], [1], [2]])])
def test_a_batch_that_waits_for_its_store_does_not_hold_up_the_next(
    at_once: int, wanted: list[list[int]]
) -> None:
    store = Store(batches_awaited=1)

    async def play(coalescer: MicroBatcher[int]) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(coalescer.submit(0))
            await store.has_come()
            group.create_task(coalescer.submit(1))
            if at_once == 2:
                await store.has_come()
            group.create_task(coalescer.submit(2))
            await asyncio.sleep(0.05)  # the last could begin now, were it let
            assert len(store.batches) == at_once
            assert coalescer.in_flight == 3
            store.answer.set()
        assert coalescer.in_flight == 0

    run(store, at_once, play)
    assert store.batches == wanted
    assert store.most_at_once == at_once


def test_what_fails_is_told_to_those_of_its_own_batch() -> None:
    store = Store(batches_awaited=1)

    def work(jobs: Sequence[int]) -> None:
        store(jobs)
        if 0 in jobs:
            raise Unavailable("the store is away")

    async def play(coalescer: MicroBatcher[int]) -> None:
        first = asyncio.create_task(coalescer.submit(0))
        await store.has_come()
        second = asyncio.create_task(coalescer.submit(1))
        await store.has_come()
        store.answer.set()
        await second
        with pytest.raises(Unavailable, match="away"):
            await first
        await coalescer.submit(2)

    run(work, 2, play)
    assert store.batches == [[0], [1], [2]]
