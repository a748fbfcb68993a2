"""Starting the sides of a comparison as processes, and stopping them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx

from tests.bench.world import HOME, ROOT

START_SECONDS = 120.0


@dataclass(frozen=True)
class Server:
    port: int
    pid: int


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def running(
    side: str, sink_seconds: float = 0.0, only: str = "", listens: Callable[[int], bool] | None = None
) -> Iterator[Server]:
    """One side of ``tests.bench.served``, from when it listens until the context ends.

    ``only``: the one system whose model it loads, all of them without.
    """
    port = free_port()
    command = [sys.executable, "-m", "tests.bench.served", side, str(port), str(sink_seconds), only]
    with process(command, port, listens) as server:
        yield server


@contextmanager
def side_by_side(sides: Sequence[str], sink_seconds: float = 0.0) -> Iterator[dict[str, Server]]:
    with ExitStack() as stack:
        yield {side: stack.enter_context(running(side, sink_seconds)) for side in sides}


@contextmanager
def process(
    command: Sequence[str], port: int, listens: Callable[[int], bool] | None = None
) -> Iterator[Server]:
    """A server's process; ``listens`` says whether it is up, by default when its port takes connections."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    HOME.mkdir(exist_ok=True)
    with (HOME / "servers.log").open("ab") as log:
        child = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    try:
        _await(child, port, listens or takes_connections)
        yield Server(port, child.pid)
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def takes_connections(port: int) -> bool:
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex(("127.0.0.1", port)) == 0


def answers(port: int, path: str, body: bytes) -> httpx.Response | None:
    """What a POST is answered, None where it is no success or nobody listens."""
    try:
        found = httpx.post(
            f"http://127.0.0.1:{port}{path}",
            content=body,
            headers={"content-type": "application/json"},
            verify=False,  # else each question reads all certificates of the machine
        )
    except httpx.TransportError:
        return None
    return found if found.is_success else None


def _await(child: subprocess.Popen[bytes], port: int, listens: Callable[[int], bool]) -> None:
    end = time.monotonic() + START_SECONDS
    while not listens(port):
        if child.poll() is not None:
            raise RuntimeError(
                f"{child.args} ended with {child.returncode} before it listened; see .bench/servers.log"
            )
        if time.monotonic() > end:
            raise RuntimeError(f"{child.args} does not listen after {START_SECONDS:.0f} s")
        time.sleep(0.02)
