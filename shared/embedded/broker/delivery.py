"""Pushes the messages of one topic to one endpoint until each is acknowledged or dead."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import aiohttp

from shared.embedded.broker.store import Message, MessageStore
from shared.errors import Unavailable
from shared.observability import tracing

logger = logging.getLogger("props.broker")
ACKNOWLEDGED = frozenset({102, 200, 201, 202, 204})
UNAVAILABLE = 503
MAX_IN_FLIGHT = 80
MIN_RETRY_SECONDS, MAX_RETRY_SECONDS = 0.2, 10.0
RESPONSE_TIMEOUT_SECONDS = 60.0
STORE_RETRY_SECONDS = 0.5


@dataclass(frozen=True)
class Faults:
    """Deliberate faults for tests; 0 means never."""

    duplicate_every: int = 0
    drop_response_every: int = 0


@dataclass
class Delivery:
    """A subscription: up to 80 messages in flight, each retried with increasing delays.

    Two cases do not count as attempts: an unreachable endpoint, which may still be starting, and a response
    with Retry-After, for example while another program has the warehouse open.
    """

    topic: str
    url: str
    store: MessageStore
    max_attempts: int = 8
    faults: Faults = field(default_factory=Faults)

    def __post_init__(self) -> None:
        self._queue: asyncio.Queue[Message] = asyncio.Queue()
        self._settled: list[tuple[Message, str]] = []
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._waiting: set[asyncio.Task[None]] = set()
        self._active_count = 0
        self._successes = 0

    @property
    def in_flight(self) -> int:
        return self._active_count

    async def start(self) -> None:
        connector = aiohttp.TCPConnector(limit=MAX_IN_FLIGHT)
        timeout = aiohttp.ClientTimeout(total=RESPONSE_TIMEOUT_SECONDS)
        self._session = aiohttp.ClientSession(connector=connector, timeout=timeout)
        self.add(await asyncio.to_thread(self.store.pending, self.topic))
        self._tasks = [asyncio.create_task(self._push()) for _ in range(MAX_IN_FLIGHT)]
        self._settler = asyncio.create_task(self._settle())

    def add(self, messages: Sequence[Message]) -> None:
        for m in messages:
            self._queue.put_nowait(m)
            if self.faults.duplicate_every and m.id % self.faults.duplicate_every == 0:
                self._queue.put_nowait(m)

    async def stop(self, grace: float = 5.0) -> None:
        """Accept no more messages, wait for those in flight, store the results."""
        end = asyncio.get_running_loop().time() + grace
        while self._active_count and asyncio.get_running_loop().time() < end:
            await asyncio.sleep(0.02)
        for task in (*self._tasks, *self._waiting, self._settler):
            task.cancel()
        await asyncio.gather(*self._tasks, *self._waiting, self._settler, return_exceptions=True)
        await self._session.close()
        if self._settled:
            await asyncio.to_thread(self.store.settle, self._settled)

    async def _push(self) -> None:
        while True:
            message = await self._queue.get()
            self._active_count += 1
            try:
                await self._deliver(message)
            finally:
                self._active_count -= 1

    async def _deliver(self, m: Message) -> None:
        try:
            async with self._session.post(self.url, data=_body(m), headers=_HEADERS) as response:
                status, retry_after = response.status, response.headers.get("Retry-After", "")
        except (aiohttp.ClientConnectorError, ConnectionError):
            m.last_answer = "not reachable"
            self._retry(m, MAX_RETRY_SECONDS / 20)
            return
        except (aiohttp.ClientError, TimeoutError) as exc:
            m.last_answer, status = type(exc).__name__, 0
        else:
            m.last_answer = str(status)
            if status == UNAVAILABLE and retry_after.isdigit():
                self._retry(m, min(MAX_RETRY_SECONDS, float(retry_after)))
                return
        if status in ACKNOWLEDGED and not self._should_drop_response():
            self._mark(m, "delivered")
            return
        m.attempts += 1
        if m.attempts >= self.max_attempts:
            self._mark(m, "dead")
            _log_dead(m)
            return
        self._mark(m, "pending")
        self._retry(m, min(MAX_RETRY_SECONDS, MIN_RETRY_SECONDS * 2.0 ** (m.attempts - 1)))

    def _should_drop_response(self) -> bool:
        self._successes += 1
        return (
            bool(self.faults.drop_response_every) and self._successes % self.faults.drop_response_every == 0
        )

    def _retry(self, m: Message, wait: float) -> None:
        async def enqueue_later() -> None:
            await asyncio.sleep(wait * random.uniform(0.8, 1.2))
            self._queue.put_nowait(m)

        task = asyncio.create_task(enqueue_later())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    def _mark(self, m: Message, state: str) -> None:
        self._settled.append((m, state))
        self._wake.set()

    async def _settle(self) -> None:
        """Store the results of one turn of the event loop in one transaction; retry while unavailable."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._settled = self._settled, []
            try:
                await asyncio.to_thread(self.store.settle, batch)
            except Unavailable:
                self._settled = batch + self._settled
                await asyncio.sleep(STORE_RETRY_SECONDS)
                self._wake.set()


def _log_dead(m: Message) -> None:
    with tracing.use(tracing.from_message(m.attributes)):
        logger.warning(
            "message %s of %s is dead after %s attempts, last answer %s",
            m.id,
            m.topic,
            m.attempts,
            m.last_answer,
            extra={"run_id": m.attributes.get("run_id"), "message_id": str(m.id), "topic": m.topic},
        )


_HEADERS = {"Content-Type": "application/json"}


def _body(m: Message) -> bytes:
    message = {
        "data": m.data,
        "attributes": dict(m.attributes),
        "messageId": str(m.id),
        "message_id": str(m.id),
        "publishTime": m.published_at,
        "publish_time": m.published_at,
    }
    envelope = {
        "message": message,
        "subscription": f"projects/local/subscriptions/{m.topic}",
        "deliveryAttempt": m.attempts + 1,
    }
    return json.dumps(envelope).encode()
