"""Broker, coordinator and worker as local processes, started and stopped together."""

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
"""Path of each service that returns 200 once the service is ready."""


class Services:
    """A context manager: all services are ready on entry and stopped on exit.

    ``ports`` sets ports by name (coordinator, worker, broker); the others are free ports. Without a broker
    in ``programs`` another one must deliver the messages. Raises ``Unavailable`` with the end of a service's
    log if it does not become ready.
    """

    def __init__(
        self,
        home: Path,
        environment: Mapping[str, str],
        ports: Mapping[str, int] | None = None,
        broker_arguments: Sequence[str] = (),
        programs: Sequence[str] = tuple(READY),
    ) -> None:
        self._home, self._programs, self._extra_broker_arguments = home, programs, broker_arguments
        self._ports = {name: (ports or {}).get(name) or free_port() for name in READY}
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
        """Start all services and wait until each is ready; stop all of them on any error."""
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
        """Restart a service that has ended, on the same port, and wait until it is ready."""
        self._spawn(name)
        self._wait(name)

    def stop(self) -> None:
        """Stop the processes in the order of the work flow; kill those that do not end in time."""
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
        """Block until one of the processes ends; return its name."""
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
                    raise Unavailable(f"{name}: port {port} on {HOST} is in use; choose another one") from exc

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
            arguments += [*self._broker_arguments(), *self._extra_broker_arguments]
        logs = self._home / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, *arguments]
        environment = {**self._environment, "PORT": str(self._ports[name])}
        with (logs / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )

    def _wait(self, name: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        body = "no answer"
        while time.monotonic() < deadline:
            if self._processes[name].poll() is not None:
                raise Unavailable(f"{name} ended during its start:\n{self._log(name)}")
            with contextlib.suppress(httpx.TransportError):
                response = httpx.get(self.url(name) + READY[name], timeout=10.0)
                if response.status_code == 200:
                    return
                body = response.text
            time.sleep(0.05)
        raise Unavailable(f"{name} is not ready after {START_SECONDS:.0f} s: {body}\n{self._log(name)}")

    def _log(self, name: str) -> str:
        lines = (self._home / "logs" / f"{name}.log").read_text().splitlines()[-15:]
        return "\n".join(_readable(line) for line in lines)


def _readable(line: str) -> str:
    """Return severity and message of a structured log line; any other line unchanged."""
    try:
        entry = json.loads(line)
        text = f"{entry['severity']} {entry['message']}"
        return "\n".join([text, *entry.get("exception", "").splitlines()])
    except (ValueError, TypeError, KeyError):
        return line


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
