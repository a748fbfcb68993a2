"""Load on one server: requests on kept connections, and what they cost the server in CPU time.

The same generator drives every side of a comparison: wrk where Debian's is installed, else this module's own,
which spends more CPU a request and so tells smaller ratios.
"""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")

LUA = r"""
wrk.method = "POST"
for name, value in string.gmatch(os.getenv("BENCH_HEADERS"), "([^\n]+)=([^\n]+)") do
  wrk.headers[name] = value
end
local bodies, at = {}, 0
init = function()
  for name in io.lines(os.getenv("BENCH_BODIES")) do
    local file = io.open(name, "rb")
    bodies[#bodies + 1] = wrk.format(nil, nil, nil, file:read("*a"))
    file:close()
  end
end
request = function()
  at = at % #bodies + 1
  return bodies[at]
end
done = function(summary, latency)
  local e = summary.errors
  print(string.format("TOLD %d %d %d %f", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50)))
end
"""

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Load:
    """``cpu``: seconds of user and system time of the server's processes; ``p50``: seconds."""

    requests: int
    failed: int
    seconds: float
    p50: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds

    @property
    def cpu_each(self) -> float:
        return self.cpu / max(self.requests, 1)


def drive(
    port: int,
    path: str,
    bodies: Sequence[bytes],
    connections: int,
    seconds: float,
    pid: int,
    headers: Mapping[str, str] = JSON,
) -> Load:
    """Post the bodies in turn for some seconds; ``RuntimeError`` where an answer was no success."""
    before = cpu_seconds(pid)
    by = _wrk if shutil.which("wrk") else _own
    requests, failed, took, p50 = by(port, path, bodies, connections, seconds, headers)
    found = Load(requests, failed, took, p50, cpu_seconds(pid) - before)
    if failed or not requests:
        raise RuntimeError(f"port {port} {path}: {failed} of {requests} requests failed")
    return found


def each_once(port: int, path: str, bodies: Sequence[bytes], connections: int) -> float:
    """Seconds until the last of the bodies, each posted once, is answered."""

    async def all_of_them() -> float:
        left = list(reversed(bodies))
        clients = [_Connection(port, path, JSON) for _ in range(min(connections, len(bodies)))]
        await asyncio.gather(*(c.open() for c in clients))
        begun = time.perf_counter()
        await asyncio.gather(*(_post_all(c, left) for c in clients))
        took = time.perf_counter() - begun
        for c in clients:
            c.close()
        return took

    return asyncio.run(all_of_them())


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its children."""
    return sum(map(_cpu_of, family(pid)))


def resident_mib(pid: int) -> float:
    """Resident memory of a process and its children, MiB."""
    return sum(map(_resident_of, family(pid)))


def family(pid: int) -> list[int]:
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            found += family(int(child))
    return found


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _resident_of(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+)", status)
    return int(found[1]) / 1024 if found else 0.0


def _wrk(
    port: int,
    path: str,
    bodies: Sequence[bytes],
    connections: int,
    seconds: float,
    headers: Mapping[str, str],
) -> tuple[int, int, float, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [folder / f"{i}.body" for i in range(len(bodies))]
        for file, body in zip(files, bodies, strict=True):
            file.write_bytes(body)
        (folder / "bodies").write_text("\n".join(map(str, files)))
        (folder / "post.lua").write_text(LUA)
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{seconds:.0f}s",
            "--timeout",
            "20s",
            "-s",
            str(folder / "post.lua"),
        ]
        told = subprocess.run(
            [*command, f"http://127.0.0.1:{port}{path}"],
            env=os.environ
            | {
                "BENCH_BODIES": str(folder / "bodies"),
                "BENCH_HEADERS": "\n".join(f"{name}={value}" for name, value in headers.items()),
            },
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    found = re.search(r"TOLD (\d+) (\d+) (\d+) ([\d.]+)", told)
    if found is None:
        raise RuntimeError(f"wrk said {told!r}")
    return int(found[1]), int(found[3]), int(found[2]) / 1e6, float(found[4]) / 1e6


def _own(
    port: int,
    path: str,
    bodies: Sequence[bytes],
    connections: int,
    seconds: float,
    headers: Mapping[str, str],
) -> tuple[int, int, float, float]:
    async def run() -> tuple[int, int, float, float]:
        clients = [_Connection(port, path, headers) for _ in range(connections)]
        await asyncio.gather(*(c.open() for c in clients))
        begun = time.perf_counter()
        end, times = begun + seconds, list[float]()

        async def post(client: _Connection, at: int) -> None:
            while time.perf_counter() < end:
                sent = time.perf_counter()
                await client.post(bodies[at % len(bodies)])
                times.append(time.perf_counter() - sent)
                at += connections

        await asyncio.gather(*(post(c, i) for i, c in enumerate(clients)))
        took = time.perf_counter() - begun
        for c in clients:
            c.close()
        return len(times), sum(c.failed for c in clients), took, sorted(times)[len(times) // 2]

    return asyncio.run(run())


async def _post_all(client: _Connection, left: list[bytes]) -> None:
    while left:
        await client.post(left.pop())
    if client.failed:
        raise RuntimeError(f"{client.failed} requests failed")


class _Connection:
    """One kept HTTP/1.1 connection."""

    def __init__(self, port: int, path: str, headers: Mapping[str, str]) -> None:
        self._port, self._path, self.failed = port, path, 0
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in headers.items())

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**22)

    async def post(self, body: bytes) -> bytes:
        head = (
            f"POST {self._path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            f"{self._headers}Content-Length: {len(body)}\r\n\r\n"
        )
        self._writer.write(head.encode() + body)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        self.failed += answer[9:10] != b"2"
        length = re.search(rb"content-length: *(\d+)", answer.lower())
        return await self._reader.readexactly(int(length[1])) if length else b""

    def close(self) -> None:
        self._writer.close()
