"""Rows over HTTP, cold start and memory against KServe's Python server with the same model.

KServe takes the bytes of a tensor too; that way it is slower by more than half, so it is asked in JSON only.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from statistics import median

import httpx
import pyarrow as pa

from shared.application.prediction.arrow_codec import MEDIA_TYPE
from shared.domain.features.contract import FEATURES
from tests.bench.load import Load, drive, resident_mib
from tests.bench.peers import HERE, PYTHON, wanted
from tests.bench.servers import Server, answers, free_port, process, running, takes_connections
from tests.bench.suite import Bench, Measured
from tests.bench.world import jobs, model_paths, models

SYSTEM = "catboost_v9"
CONNECTIONS, SECONDS, ROWS = 16, 2.0, 150
PATHS = {"ours": "/predict/batch", "kserve": "/v1/models/points:predict"}
SIDES = tuple(PATHS)


def body(side: str, rows: int, start: int = 0) -> bytes:
    """``rows`` players as each side's own interface takes them: ours with the names of the features, once
    where there are many rows; KServe's as bare numbers."""
    some = [jobs()[(start + i) % len(jobs())].features for i in range(rows)]
    if side == "ours" and rows == 1:
        return json.dumps(
            {"rows": [{"features": dict(zip(FEATURES, some[0], strict=True))}], "systems": [SYSTEM]}
        ).encode()
    if side == "ours":
        given = [{"features": row} for row in some]
        return json.dumps({"columns": FEATURES, "rows": given, "systems": [SYSTEM]}).encode()
    return json.dumps({"instances": some}).encode()


def stream() -> bytes:
    """The same many players as an Arrow stream."""
    some = [jobs()[i % len(jobs())].features for i in range(ROWS)]
    table = pa.table(
        {name: list(values) for name, values in zip(FEATURES, zip(*some, strict=True), strict=True)}
    )
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as to:
        to.write_table(table)
    return bytes(sink.getvalue())


def singles(side: str) -> list[bytes]:
    return [body(side, 1, i) for i in range(len(jobs()))]


@contextmanager
def kserve() -> Iterator[Server]:
    """KServe from when it answers rightly until the context ends."""
    port = free_port()
    command = [str(PYTHON), str(HERE / "kserve_server.py"), str(port), model_paths()[SYSTEM]]
    with process(command, port, correct("kserve")) as server:
        yield server


@contextmanager
def ours() -> Iterator[Server]:
    with running("ours", only=SYSTEM, listens=correct("ours")) as server:
        yield server


STARTS: dict[str, Callable[[], AbstractContextManager[Server]]] = {"ours": ours, "kserve": kserve}


def correct(side: str) -> Callable[[int], bool]:
    """Whether the server at a port gives the model's own number for the first player."""
    asked = body(side, 1)

    def gives_it(port: int) -> bool:
        found = answers(port, PATHS[side], asked) if takes_connections(port) else None
        return found is not None and points(side, found) == [expected()[0]]

    return gives_it


def points(side: str, found: httpx.Response) -> list[float]:
    told = found.json()["predictions"]
    return [row[SYSTEM]["raw_prediction"] for row in told] if side == "ours" else list(told)


@cache
def expected() -> list[float]:
    import numpy as np

    given = np.array([job.features for job in jobs()], dtype=np.float64)
    return [float(p) for p in models()[SYSTEM].model.predict(given)]


@cache
def rounds_of_rows(rounds: int) -> list[dict[tuple[str, int], Load]]:
    """Each round drives both sides with single rows on many connections and with a batch on one, ours as a
    stream besides."""
    wanted()
    told = []
    with ExitStack() as stack:
        servers = {side: stack.enter_context(start()) for side, start in STARTS.items()}
        for i in range(rounds + 1):
            order = SIDES if i % 2 else SIDES[::-1]
            found = {}
            for rows, connections in ((1, CONNECTIONS), (ROWS, 1)):
                for side in order:
                    bodies = singles(side) if rows == 1 else [body(side, rows)]
                    server = servers[side]
                    found[side, rows] = drive(
                        server.port, PATHS[side], bodies, connections, SECONDS, server.pid
                    )
            mine = servers["ours"]
            found["stream", ROWS] = drive(
                mine.port, f"{PATHS['ours']}?systems={SYSTEM}", [stream()], 1, SECONDS, mine.pid,
                {"Content-Type": MEDIA_TYPE},
            )  # fmt: skip
            told.append(found)
    return told[1:]  # the first warms up


def cpu_of_a_row(rounds: int) -> Measured:
    found = rounds_of_rows(rounds)
    mine, theirs = ([r[side, 1].cpu_each for r in found] for side in SIDES)
    rates = median(r["ours", 1].rate / r["kserve", 1].rate for r in found)
    beside = {"cpu_us": _us(mine), "cpu_us_kserve": _us(theirs), "rate_ratio": round(rates, 2)}
    return Measured([t / m for t, m in zip(theirs, mine, strict=True)], beside)


def batch_latency(rounds: int) -> Measured:
    found = rounds_of_rows(rounds)
    mine, theirs = ([r[side, ROWS].cpu_each for r in found] for side in SIDES)
    ratios = [r["kserve", ROWS].p50 / r["ours", ROWS].p50 for r in found]
    return Measured(ratios, {"cpu_us": _us(mine), "cpu_us_kserve": _us(theirs)})


def stream_latency(rounds: int) -> Measured:
    found = rounds_of_rows(rounds)
    mine, theirs = ([r[side, ROWS].cpu_each for r in found] for side in ("stream", "kserve"))
    ratios = [r["kserve", ROWS].p50 / r["stream", ROWS].p50 for r in found]
    return Measured(ratios, {"cpu_us": _us(mine), "cpu_us_kserve": _us(theirs)})


def _us(seconds: list[float]) -> float:
    return round(median(seconds) * 1e6, 1)


@cache
def starts(rounds: int) -> list[dict[str, tuple[float, float]]]:
    """Seconds from the process's birth to its first right answer, and MiB then resident, by side."""
    wanted()
    model_paths()
    expected()
    told = []
    for i in range(rounds):
        found = {}
        for side in SIDES if i % 2 else SIDES[::-1]:
            begun = time.perf_counter()
            with STARTS[side]() as server:
                took = time.perf_counter() - begun
                drive(server.port, PATHS[side], [body(side, ROWS)], 1, 1.0, server.pid)
                found[side] = (took, resident_mib(server.pid))
        told.append(found)
    return told


def cold_start(rounds: int) -> Measured:
    return Measured([r["kserve"][0] / r["ours"][0] for r in starts(rounds)])


def memory(rounds: int) -> Measured:
    found = starts(rounds)
    beside = {f"mib_{side}": round(median(r[side][1] for r in found)) for side in SIDES}
    return Measured([r["ours"][1] / r["kserve"][1] for r in found], beside)


BENCHES = (
    Bench("row_cpu", "CPU a request of one row, KServe / ours", 4, 8, cpu_of_a_row),
    Bench("batch_latency", "p50 of 150 rows in JSON, KServe / ours", 1.5, 2.5, batch_latency),
    Bench("stream_latency", "p50 of 150 rows, KServe in JSON / ours in Arrow", 1.5, 2.5, stream_latency),
    Bench("cold_start", "start to first right answer, KServe / ours", 1.3, 4, cold_start),
    Bench("memory", "resident memory, ours / KServe", 1.3, 0.8, memory, most=True),
)
