"""Revisions as processes of this machine, and the addresses under which Cloud Run would let them be called."""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx

from tests.emulators.processes import HOST, free_ports

START_SECONDS = 40.0
STOP_SECONDS = 10.0
MODULES = {
    "prediction-worker": "services.prediction_worker",
    "prediction-coordinator": "services.prediction_coordinator",
}
ROOT = Path(__file__).parents[2]


class Instance:
    """One revision's process; its image is this checkout."""

    def __init__(self, service: str, revision: str, environment: Mapping[str, str], folder: Path) -> None:
        (self.port,) = free_ports(1)
        self.log = folder / f"{revision}.log"
        own = {"PORT": str(self.port), "K_SERVICE": service, "K_REVISION": revision, "BIND_HOST": HOST}
        plain = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", MODULES[service]],
                env={**plain, "HOME": str(folder), "PYTHONPATH": str(ROOT), **environment, **own},
                cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def becomes_ready(self) -> bool:
        """What the startup probe asks."""
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"http://{HOST}:{self.port}/ready", timeout=5).status_code == 200:
                    return True
            time.sleep(0.1)
        return False

    def lines(self) -> list[dict[str, Any]]:
        """What it logged, as Cloud Logging keeps it."""
        found = []
        for line in self.log.read_text(errors="replace").splitlines():
            try:
                told = json.loads(line)
            except ValueError:
                found.append({"severity": "DEFAULT", "textPayload": line})
            else:
                found.append({"severity": told.pop("severity", "DEFAULT"), "jsonPayload": told})
        return found

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()


class Address:
    """An address of a service: lets in who holds a token for one of its audiences and may call it, and
    passes the request to the process that ``target`` names, without the token's signature, as Cloud Run does."""

    def __init__(self, target: Callable[[], Instance | None], admits: Callable[[str, str], bool]) -> None:
        outer = self
        self._target, self._admits = target, admits

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer._pass(self)

            def do_POST(self) -> None:
                outer._pass(self)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer((HOST, 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self.url = f"http://{HOST}:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _pass(self, asked: BaseHTTPRequestHandler) -> None:
        body = asked.rfile.read(int(asked.headers.get("content-length", 0)))
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        header, claims, _ = [*token.split("."), "", "", ""][:3]
        told = _decoded(claims)
        if not self._admits(str(told.get("email")), str(told.get("aud"))):
            _answer(asked, 403, b"the caller may not call this service")
            return
        target = self._target()
        try:
            connection = http.client.HTTPConnection(HOST, target.port if target else 1, timeout=30)
            headers = {k: v for k, v in asked.headers.items() if k.lower() not in ("host", "authorization")}
            headers["Authorization"] = f"Bearer {header}.{claims}.SIGNATURE_REMOVED_BY_GOOGLE"
            connection.request(asked.command, asked.path, body, headers)
            got = connection.getresponse()
            _answer(asked, got.status, got.read(), got.headers.get("content-type", "text/plain"))
            connection.close()
        except OSError:
            _answer(asked, 503, b"no instance answers")


def _answer(asked: BaseHTTPRequestHandler, status: int, body: bytes, kind: str = "text/plain") -> None:
    asked.send_response(status)
    asked.send_header("content-type", kind)
    asked.send_header("content-length", str(len(body)))
    asked.end_headers()
    asked.wfile.write(body)


def _decoded(part: str) -> dict[str, Any]:
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
