"""Micro-batching: jobs that arrive without a pause form one batch; batches overlap during I/O."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from typing import Any, Generic, TypeVar

Job = TypeVar("Job")

MAX_BATCH_JOBS = 512
IDLE_LOOP_TURNS = 3
"""Turns of the event loop without a new job that close a batch: socket data becomes a job one turn later."""

ASSUME_WAITING_ON_IO_AFTER = 0.03
"""Seconds after which a batch is assumed to wait for a store: computing one takes less."""


class MicroBatcher(Generic[Job]):
    """Collects jobs into a batch while another batch runs, and closes it once no more jobs arrive; a single
    job is closed immediately.

    Up to ``max_batches`` run at the same time, which is the number of threads of ``executor``. The next batch
    starts while others wait for a store, but not while one is computed: both would be smaller and slower.
    ``submit`` returns when the batch of the job is done, and raises the error of its work.
    """

    def __init__(
        self, work: Callable[[Sequence[Job]], None], executor: Executor, max_batches: int = 1
    ) -> None:
        self._work, self._executor, self._max_batches = work, executor, max_batches
        self._waiting: list[tuple[Job, asyncio.Future[None]]] = []
        self._drain_task: asyncio.Task[None] | None = None
        self._batches: set[asyncio.Task[None]] = set()

    @property
    def in_flight(self) -> int:
        """Number of jobs that are in no batch yet, plus running batches."""
        return len(self._waiting) + len(self._batches)

    @property
    def waiting(self) -> int:
        """Number of jobs that are in no batch yet."""
        return len(self._waiting)

    async def submit(self, job: Job) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((job, future))
        if self._drain_task is None:
            self._drain_task = asyncio.create_task(self._drain())
        await future

    async def _drain(self) -> None:
        try:
            while self._waiting:
                await self._wait_for_jobs()
                batch, self._waiting = self._waiting[:MAX_BATCH_JOBS], self._waiting[MAX_BATCH_JOBS:]
                newest = asyncio.create_task(self._run_batch(batch))
                self._batches.add(newest)
                newest.add_done_callback(self._batches.discard)
                await self._wait_for_slot(newest)
        finally:
            self._drain_task = None

    async def _wait_for_slot(self, newest: asyncio.Task[None]) -> None:
        """Wait until the newest batch is computed and fewer than ``max_batches`` run."""
        await asyncio.wait([newest], timeout=ASSUME_WAITING_ON_IO_AFTER)
        while len(self._batches) >= self._max_batches:
            await asyncio.wait(self._batches, return_when=asyncio.FIRST_COMPLETED)

    async def _wait_for_jobs(self) -> None:
        """Let the event loop turn as long as jobs arrive."""
        count, idle_turns = 0, 0
        while idle_turns < IDLE_LOOP_TURNS and len(self._waiting) < MAX_BATCH_JOBS:
            count, idle_turns = len(self._waiting), idle_turns + 1 if len(self._waiting) == count else 0
            await asyncio.sleep(0)

    async def _run_batch(self, batch: list[tuple[Job, asyncio.Future[None]]]) -> None:
        loop = asyncio.get_running_loop()
        result = loop.run_in_executor(self._executor, self._call_work, [job for job, _ in batch])
        await asyncio.wait([result])
        error = result.exception()
        for _, future in batch:
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

    def _call_work(self, jobs: Sequence[Job]) -> None:
        """Call the work. A future cannot hold ``StopIteration``: its callers would wait forever."""
        try:
            self._work(jobs)
        except StopIteration as exc:
            raise RuntimeError("StopIteration in the work of a batch") from exc


class InlineExecutor(Executor):
    """Runs small work in the calling thread, since a handover would take longer; other work in ``executor``.
    ``is_small`` receives the positional arguments of the work."""

    def __init__(self, executor: Executor, is_small: Callable[..., bool]) -> None:
        self._executor, self._is_small = executor, is_small

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if not self._is_small(*args):
            return self._executor.submit(work, *args, **kwargs)
        done: Future[Any] = Future()
        try:
            done.set_result(work(*args, **kwargs))
        except Exception as exc:  # noqa: BLE001  the future raises it
            done.set_exception(exc)
        return done
