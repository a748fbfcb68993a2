from __future__ import annotations

import base64
import json
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from backfill_jobs.local_processes import free_port
from shared.embedded.publisher import BrokerPublisher
from shared.errors import Rejected, Unavailable
from shared.ports import OutgoingMessage


class Server(ThreadingHTTPServer):
    request_queue_size = 256  # the broker opens 80 connections at once
    daemon_threads = True


class Sink:
    """A push endpoint that counts what it gets and answers as told."""

    def __init__(self, answers: Any = lambda _: 204) -> None:
        self.got: Counter[str] = Counter()
        self.bodies: list[dict[str, Any]] = []
        sink = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                data = base64.b64decode(body["message"]["data"]).decode()
                sink.got[data] += 1
                sink.bodies.append(body)
                self.send_response(answers(sink.got[data]))
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def until(condition: Any, seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


@contextmanager
def broker(home: Path, url: str, *more: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    port = free_port()
    command = [sys.executable, "-m", "shared.embedded.broker", "--port", str(port), "--home", str(home)]
    with subprocess.Popen([*command, "--push", f"jobs={url}", *more]) as process:
        base = f"http://127.0.0.1:{port}"

        def up() -> bool:
            try:
                return httpx.get(f"{base}/health").status_code == 200
            except httpx.TransportError:
                return False

        try:
            assert until(up)
            yield base, process
        finally:
            process.terminate()
            process.wait(10)


def publish(base: str, bodies: list[bytes], topic: str = "jobs") -> None:
    publisher = BrokerPublisher(base)
    try:
        publisher.publish(topic, [OutgoingMessage(b) for b in bodies])
    finally:
        publisher.close()


@pytest.fixture
def sinks() -> Iterator[Any]:
    made: list[Sink] = []

    def make(*args: Any) -> Sink:
        made.append(Sink(*args))
        return made[-1]

    yield make
    for sink in made:
        sink.close()


BODIES = [f"m{i}".encode() for i in range(200)]


def test_every_message_arrives_and_the_broker_ends_cleanly(tmp_path: Path, sinks: Any) -> None:
    sink = sinks()
    with broker(tmp_path, sink.url) as (base, process):
        publish(base, BODIES)
        assert until(lambda: len(sink.got) == 200)
        assert until(lambda: httpx.get(f"{base}/stats").json()["jobs"]["delivered"] == 200)
        process.send_signal(signal.SIGTERM)
        assert process.wait(8) == 0
    message = sink.bodies[0]["message"]
    assert message["messageId"] == message["message_id"]
    assert message["publishTime"] == message["publish_time"]


def test_a_refused_message_comes_again(tmp_path: Path, sinks: Any) -> None:
    sink = sinks(lambda attempt: 503 if attempt == 1 else 204)
    with broker(tmp_path, sink.url) as (base, _):
        publish(base, BODIES[:20])
        assert until(lambda: sum(sink.got.values()) == 40)
        assert until(lambda: httpx.get(f"{base}/stats").json()["jobs"]["delivered"] == 20)


def test_a_message_that_is_always_refused_becomes_a_dead_letter(
    tmp_path: Path, sinks: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    sink = sinks(lambda _: 400)
    with broker(tmp_path, sink.url, "--max-attempts", "3") as (base, _):
        publish(base, [b"poison"])
        assert until(lambda: httpx.get(f"{base}/dead").json())
        (dead,) = httpx.get(f"{base}/dead").json()
    assert (dead["attempts"], dead["last_answer"]) == (3, "400")
    assert base64.b64decode(dead["data"]) == b"poison"
    assert sink.got["poison"] == 3
    (warning,) = [
        w for w in map(json.loads, capfd.readouterr().out.splitlines()) if w["severity"] == "WARNING"
    ]
    assert warning["message"] == "message 1 of jobs is dead after 3 attempts, last answer 400"
    assert warning["service"] == "broker"


@pytest.mark.slow
def test_after_a_kill_the_rest_is_delivered(tmp_path: Path, sinks: Any) -> None:
    sink = sinks()
    nobody = f"http://127.0.0.1:{free_port()}/"
    with broker(tmp_path, nobody) as (base, process):
        publish(base, BODIES)
        process.kill()
        process.wait()
    assert not sink.got
    with broker(tmp_path, sink.url):
        assert until(lambda: len(sink.got) == 200)


@pytest.mark.slow
def test_what_was_settled_while_the_disk_was_full_is_written_later(tmp_path: Path, sinks: Any) -> None:
    free = threading.Event()

    def answer(_: int) -> int:
        free.wait(10)
        return 204

    sink = sinks(answer)
    with broker(tmp_path, sink.url) as (base, process):
        publish(base, BODIES[:5])
        assert until(lambda: len(sink.got) == 5)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        free.set()
        time.sleep(1.0)
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
        assert until(lambda: httpx.get(f"{base}/stats").json()["jobs"]["delivered"] == 5)
    assert sum(sink.got.values()) == 5


@pytest.mark.slow
def test_faults_on_demand(tmp_path: Path, sinks: Any) -> None:
    sink = sinks()
    with broker(tmp_path, sink.url, "--duplicate-every", "2") as (base, _):
        publish(base, BODIES[:20])
        assert until(lambda: sum(sink.got.values()) == 30)
    dropping = sinks()
    with broker(tmp_path / "b", dropping.url, "--drop-response-every", "3") as (base, _):
        publish(base, BODIES[:9])
        assert until(lambda: sum(dropping.got.values()) >= 12)


def test_what_cannot_be_published_says_so(tmp_path: Path, sinks: Any) -> None:
    sink = sinks()
    with broker(tmp_path, sink.url) as (base, _):
        bad = httpx.post(f"{base}/topics/jobs/messages", json={"messages": ["***"]})
        assert bad.status_code == 400
        assert "base64" in bad.json()["detail"]
        with pytest.raises(Rejected, match="answered 404"):
            publish(f"{base}/elsewhere", [b"x"])
    with pytest.raises(Unavailable, match="broker at"):
        publish(f"http://127.0.0.1:{free_port()}", [b"x"])


def test_a_port_in_use_is_named(tmp_path: Path, sinks: Any) -> None:
    port = sinks().url.rsplit(":", 1)[1].strip("/")
    command = [sys.executable, "-m", "shared.embedded.broker", "--port", port, "--home", str(tmp_path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert ended.returncode == 1
    assert f"port {port}" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
