"""Whatever arrives without a pause becomes one batch; the next is worked while one waits for a store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Any, Generic, TypeVar

Job = TypeVar("Job")

MAX_BATCH_JOBS = 512
IDLE_LOOP_TURNS = 3
"""Turns of the loop that bring nothing more: what a socket has brought is a job one turn later."""

ASSUME_WAITING_ON_IO_AFTER = 0.03
"""A batch that takes longer is taken to wait for a store: computing one takes less."""


class MicroBatcher(Generic[Job]):
    """While one batch is in work the next one grows; it is closed when the loop has nothing more to bring,
    which for a job that comes alone is at once.

    Up to ``at_once`` batches are in work, as many as ``executor`` is to have threads: the next joins those
    that wait for a store, but not one that is still being computed, which would only make both smaller and
    slower. ``submit`` returns when the batch that holds the job is done, and raises what the work raised.
    """

    def __init__(self, work: Callable[[Sequence[Job]], None], executor: Executor, at_once: int = 1) -> None:
        self._work = work
        self._executor = executor
        self._at_once = at_once
        self._waiting: list[tuple[Job, asyncio.Future[None]]] = []
        self._running: asyncio.Task[None] | None = None
        self._batches: set[asyncio.Task[None]] = set()

    @property
    def in_flight(self) -> int:
        """Jobs that no batch holds yet, and batches in work."""
        return len(self._waiting) + len(self._batches)

    @property
    def waiting(self) -> int:
        """Jobs that no batch holds yet."""
        return len(self._waiting)

    async def submit(self, job: Job) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, done))
        if self._running is None:
            self._running = asyncio.create_task(self._drain())
        await done

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._settle()
                batch, self._waiting = self._waiting[:MAX_BATCH_JOBS], self._waiting[MAX_BATCH_JOBS:]
                newest = asyncio.create_task(self._do(batch))
                self._batches.add(newest)
                newest.add_done_callback(self._batches.discard)
                await self._place(newest)
        finally:
            self._running = None

    async def _place(self, newest: asyncio.Task[None]) -> None:
        """Wait until the newest batch is computed, and fewer than may be are in work."""
        await asyncio.wait([newest], timeout=ASSUME_WAITING_ON_IO_AFTER)
        while len(self._batches) >= self._at_once:
            await asyncio.wait(self._batches, return_when=asyncio.FIRST_COMPLETED)

    async def _settle(self) -> None:
        """Let the loop turn as long as jobs arrive."""
        seen, quiet = 0, 0
        while quiet < IDLE_LOOP_TURNS and len(self._waiting) < MAX_BATCH_JOBS:
            seen, quiet = len(self._waiting), quiet + 1 if len(self._waiting) == seen else 0
            await asyncio.sleep(0)

    async def _do(self, batch: list[tuple[Job, asyncio.Future[None]]]) -> None:
        loop = asyncio.get_running_loop()
        result = loop.run_in_executor(self._executor, self._do_work, [job for job, _ in batch])
        await asyncio.wait([result])
        error = result.exception()
        for _, done in batch:
            if done.done():
                continue
            if error is None:
                done.set_result(None)
            else:
                done.set_exception(error)

    def _do_work(self, jobs: Sequence[Job]) -> None:
        """The work; a future cannot hold ``StopIteration``, and whoever awaits it would wait for ever."""
        try:
            self._work(jobs)
        except StopIteration as exc:
            raise RuntimeError("StopIteration in the work of a batch") from exc


class InlineExecutor(Executor):
    """Runs small work at once where it stands, since handing it over would take longer; other work in
    ``elsewhere``. ``small`` is asked of what the work is given."""

    def __init__(self, elsewhere: Executor, small: Callable[..., bool]) -> None:
        self._elsewhere, self._small = elsewhere, small

    def submit(self, work: Callable[..., Any], /, *given: Any, **named: Any) -> Future[Any]:
        if not self._small(*given):
            return self._elsewhere.submit(work, *given, **named)
        done: Future[Any] = Future()
        try:
            done.set_result(work(*given, **named))
        except Exception as exc:  # noqa: BLE001  whoever waits for it gets it
            done.set_exception(exc)
        return done
