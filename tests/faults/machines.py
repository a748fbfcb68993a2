"""A game date with real processes: broker, worker and two coordinators on the same stores."""

from __future__ import annotations

import base64
import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import duckdb
import httpx

from backfill_jobs.local_processes import Services, free_port
from shared.backends import path_variable
from shared.embedded.broker.store import MessageStore
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.run_store import SqliteRunStore
from shared.errors import Rejected
from shared.ports import Statement
from shared.schemas.messages import unwrap
from tests.faults import checker
from tests.faults.stores import DAY, NOW

DEADLINE_SECONDS = 5.0
NO_LIMIT = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)


class Machines:
    """A context manager around the processes; ``broker_faults`` are the broker's own arguments."""

    def __init__(self, home: Path, model: Path, systems: Sequence[str], broker_faults: list[str]) -> None:
        self.home = home
        self._environment = {
            path_variable("catboost_v9"): str(model),
            "PROPS_NOW": NOW.isoformat(),
            "RUN_DEADLINE_MINUTES": str(DEADLINE_SECONDS / 60),
            "CHECK_STALLED_SECONDS": "0.5",
        }
        self._services = Services(home, self._environment, broker_arguments=broker_faults)
        self._warehouse = DuckDbWarehouse(home / "warehouse.duckdb")
        self._systems, self._port = list(systems), free_port()
        self._threads: list[threading.Thread] = []
        self.poison: list[bytes] = []
        self.history: list[str] = []
        self._began = time.monotonic()

    def __enter__(self) -> Machines:
        self._services.start()
        self._second = subprocess.Popen(
            [sys.executable, "-m", "services.prediction_coordinator"],
            env={
                **os.environ,
                **self._environment,
                "PORT": str(self._port),
                "PROPS_HOME": str(self.home),
                "BROKER_URL": self._services.url("broker"),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._join()
        self._services.stop()
        self._second.kill()
        self._second.wait()

    def start(self, second: bool, force: bool) -> None:
        """Ask one of the coordinators for a run; whatever it answers."""
        base = f"http://127.0.0.1:{self._port}" if second else self._services.url("coordinator")
        asked: dict[str, Any] = {"game_date": DAY.isoformat(), "force": force, "skip_mlfs_check": True}
        self._say(f"start {asked} {'second' if second else 'first'}")
        asked["systems"] = self._systems
        with contextlib.suppress(httpx.TransportError):
            answer = httpx.post(f"{base}/start", json=asked, timeout=10)
            self._say(f"start answered {answer.status_code} {answer.text[:200]}")

    def start_beside(self, second: bool, force: bool) -> None:
        """The same without waiting for an answer."""
        self._beside(self.start, second, force)

    def kill(self, name: str) -> None:
        """kill -9; the service comes back while the others go on."""
        self._say(f"kill {name}")
        process = self._services.processes[name]
        process.kill()
        process.wait()
        self._beside(self._services.restart, name)

    def freeze(self, name: str, seconds: float) -> None:
        self._say(f"freeze {name} for {seconds:.2f} s")
        self._signal(name, signal.SIGSTOP)
        time.sleep(seconds)
        self._signal(name, signal.SIGCONT)

    def fill_disk(self, name: str, seconds: float) -> None:
        """No file of this process can be written; what a full disk answers, without filling one."""
        self._say(f"disk full for {name} for {seconds:.2f} s")
        process = self._services.processes[name]
        self._limit(process.pid, (0, resource.RLIM_INFINITY))
        time.sleep(seconds)
        self._limit(process.pid, NO_LIMIT)

    def take_warehouse(self, seconds: float) -> None:
        """Open the warehouse as a stranger does, who knows of no lock: nobody else can open it."""
        end = time.monotonic() + 1.0
        while time.monotonic() < end:
            with contextlib.suppress(duckdb.IOException), duckdb.connect(str(self.home / "warehouse.duckdb")):
                self._say(f"warehouse taken for {seconds:.2f} s")
                time.sleep(seconds)
                return

    def publish_poison(self, topic: str, payload: bytes) -> None:
        url = f"{self._services.url('broker')}/topics/{topic}/messages"
        message = {"data": base64.b64encode(payload).decode()}
        with contextlib.suppress(httpx.TransportError):
            if httpx.post(url, json={"messages": [message]}, timeout=10).status_code == 200:
                self._say(f"poison on {topic}: {payload[:40]!r}")
                self.poison.append(payload)

    def settle(self, seconds: float) -> None:
        """Wait until everybody is back, every run has ended and all poison is kept or dead."""
        self._join()
        end = time.monotonic() + seconds
        while time.monotonic() < end and not self._is_settled():
            time.sleep(0.05)

    def heal(self, seconds: float) -> None:
        """A calm run, once the date is free."""
        before, end = len(self._runs().runs(game_date=DAY)), time.monotonic() + seconds
        while len(self._runs().runs(game_date=DAY)) == before and time.monotonic() < end:
            self.start(second=False, force=False)
            time.sleep(0.05)
        self.settle(end - time.monotonic())

    def verdict(self, keys: set[tuple[str, int, str]]) -> list[str]:
        """Broken rules, poison that is not kept, and keys that ought to be active and are not."""
        state = checker.read(self._warehouse, self._runs(), DAY)
        active = {checker._key(r) for r in state.predictions if r["is_active"]}
        kept = self._kept()
        lost = [f"not kept: {p[:60]!r}" for p in self.poison if p not in kept]
        return checker.violations(state) + lost + [f"unfilled: {k}" for k in sorted(keys - active)[:5]]

    def _is_settled(self) -> bool:
        ended = all(r.closed_at for r in self._runs().runs(game_date=DAY))
        return ended and self._kept().issuperset(self.poison)

    def _kept(self) -> set[bytes | None]:
        """Payloads of rejected messages and of dead letters."""
        rejected = Statement(
            "SELECT body FROM nba_predictions.rejected_messages WHERE rejected_date > @d", {"d": DAY}
        )
        bodies = self._warehouse.query(rejected)["body"].to_pylist()
        dead = [base64.b64decode(str(m["data"])) for m in MessageStore(self.home / "broker.sqlite").dead()]
        return {*(_payload(b) for b in bodies), *dead}

    def _runs(self) -> SqliteRunStore:
        return SqliteRunStore(self.home / "runs.sqlite")

    def _signal(self, name: str, which: signal.Signals) -> None:
        self._services.processes[name].send_signal(which)

    def _limit(self, pid: int, limits: tuple[int, int]) -> None:
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, limits)

    def _beside(self, call: Callable[..., None], *args: Any) -> None:
        self._threads.append(threading.Thread(target=call, args=args))
        self._threads[-1].start()

    def _join(self) -> None:
        for thread in self._threads:
            thread.join()

    def _say(self, what: str) -> None:
        self.history.append(f"{time.monotonic() - self._began:.2f} {what}")


def _payload(body: str) -> bytes | None:
    try:
        return unwrap(body.encode()).payload
    except Rejected:
        return None
