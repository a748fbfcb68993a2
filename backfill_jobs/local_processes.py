"""Broker, coordinator and worker as processes of this machine, started and stopped together."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

import httpx

from shared.errors import Unavailable

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
MODULES = {
    "worker": "services.prediction_worker",
    "coordinator": "services.prediction_coordinator",
    "broker": "shared.embedded.broker",
}
READY = {"worker": "/ready", "coordinator": "/ready", "broker": "/health"}
"""The path of each service that answers 200 once it can serve."""


class Services:
    """A context manager: all are ready on entry and gone on exit.

    ``ports`` fixes ports by name (coordinator, worker, broker); others are free ones. Without a broker in
    ``programs`` messages are somebody else's. Raises ``Unavailable`` with the tail of a service's log when
    it does not become ready.
    """

    def __init__(
        self,
        home: Path,
        environment: Mapping[str, str],
        ports: Mapping[str, int] | None = None,
        broker_arguments: Sequence[str] = (),
        programs: Sequence[str] = tuple(READY),
    ) -> None:
        given = dict(ports or {})
        self._home = home
        self._more_for_broker = list(broker_arguments)
        self._programs = programs
        self._ports = {name: given.get(name) or free_port() for name in READY}
        self._environment = {
            **os.environ,
            **environment,
            "PROPS_HOME": str(home.resolve()),
            "BROKER_URL": self.url("broker"),
            "PYTHONUNBUFFERED": "1",
        }
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def url(self, name: str) -> str:
        return f"http://{HOST}:{self._ports[name]}"

    @property
    def processes(self) -> dict[str, subprocess.Popen[bytes]]:
        return dict(self._processes)

    def __enter__(self) -> Services:
        self.start()
        return self

    def start(self) -> None:
        """Start all and wait until each is ready; whatever goes wrong, none stays behind."""
        try:
            self._check_ports()
            for name in self._programs:
                self._spawn(name)
            for name in self._programs:
                self._wait(name)
        except BaseException:
            self.stop()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def restart(self, name: str) -> None:
        """Start one service again on its port, after it has ended, and wait until it is ready."""
        self._spawn(name)
        self._wait(name)

    def stop(self) -> None:
        """End the processes in the order in which work flows; one that does not go is killed."""
        for process in reversed(self._processes.values()):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._processes.values():
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def wait(self) -> str:
        """Block until one of the processes ends; its name."""
        while True:
            for name, process in self._processes.items():
                if process.poll() is not None:
                    return name
            time.sleep(0.2)

    def _check_ports(self) -> None:
        for name, port in self._ports.items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((HOST, port))
                except OSError as exc:
                    raise Unavailable(f"{name}: port {port} on {HOST} is in use; give another one") from exc

    def _broker_arguments(self) -> list[str]:
        return [
            "--port", str(self._ports["broker"]),
            "--home", str(self._home),
            "--push", f"prediction-request={self.url('worker')}/predict",
            "--push", f"prediction-ready={self.url('coordinator')}/complete",
            "--push", f"prediction-run-requested={self.url('coordinator')}/pubsub/start",
        ]  # fmt: skip

    def _spawn(self, name: str) -> None:
        arguments = ["-m", MODULES[name]]
        if name == "broker":
            arguments += [*self._broker_arguments(), *self._more_for_broker]
        logs = self._home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        environment = {**self._environment, "PORT": str(self._ports[name])}
        with (logs / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, *arguments],
                env=environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )

    def _wait(self, name: str) -> None:
        end = time.monotonic() + START_SECONDS
        answer = "no answer"
        while time.monotonic() < end:
            if self._processes[name].poll() is not None:
                raise Unavailable(f"{name} ended while it started:\n{self._log(name)}")
            with contextlib.suppress(httpx.TransportError):
                got = httpx.get(self.url(name) + READY[name], timeout=10.0)
                if got.status_code == 200:
                    return
                answer = got.text
            time.sleep(0.05)
        raise Unavailable(f"{name} is not ready after {START_SECONDS:.0f} s: {answer}\n{self._log(name)}")

    def _log(self, name: str) -> str:
        lines = (self._home / "logs" / f"{name}.log").read_text().splitlines()[-15:]
        return "\n".join(_readable(line) for line in lines)


def _readable(line: str) -> str:
    """A line of a log for a person: severity and sentence of a structured one, any other as it is."""
    try:
        said = json.loads(line)
        return "\n".join([f"{said['severity']} {said['message']}", *said.get("exception", "").splitlines()])
    except (ValueError, TypeError, KeyError):
        return line


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
