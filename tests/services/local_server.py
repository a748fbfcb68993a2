"""A server of this machine that answers what it is told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class LocalServer:
    """Answers every GET and POST with ``status``, ``headers`` and ``body``; ``asked`` keeps the headers that came and
    ``bodies`` what came with them; it answers ``delay`` seconds late."""

    def __init__(self, body: bytes = b"") -> None:
        self.status, self.body = 200, body
        self.headers: dict[str, str] = {}
        self.asked: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.delay = 0.0
        self.url = ""

    @contextmanager
    def running(self) -> Iterator[LocalServer]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append({name.lower(): value for name, value in self.headers.items()})
                outer.bodies.append(self.rfile.read(int(self.headers.get("content-length", 0))))
                time.sleep(outer.delay)
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(outer.body)

            def do_POST(self) -> None:
                self.do_GET()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.05,))
            thread.start()
            self.url = f"http://127.0.0.1:{server.server_port}"
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()
