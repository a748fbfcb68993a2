"""A warehouse file that another program, such as a notebook, has open."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

from shared.embedded.duckdb_file import holder_of
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.errors import HeldElsewhere
from shared.ports import Statement
from tests.conftest import DAY
from tests.services.test_coordinator import Bench

ONE = Statement("SELECT 1 AS one")
READER = (
    "import duckdb, sys; con = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == 'reads');"
    "print('open', flush=True); sys.stdin.read(); con.close()"
)


@contextmanager
def held(path: Path, how: str = "reads") -> Iterator[subprocess.Popen[str]]:
    """Another process that has the file open."""
    command = [sys.executable, "-c", READER, str(path), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "open\n"
        try:
            yield reader
        finally:
            reader.terminate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    DuckDbWarehouse(tmp_path / "w.duckdb").query(ONE)
    return tmp_path / "w.duckdb"


@pytest.mark.parametrize("how", ["reads", "writes"])
def test_the_program_is_named_without_a_path_or_the_driver(path: Path, how: str) -> None:
    warehouse = DuckDbWarehouse(path, busy_wait=0.3)
    with held(path, how) as reader:
        begun = time.monotonic()
        with pytest.raises(HeldElsewhere) as refused:
            warehouse.query(ONE)
        assert 0.3 <= time.monotonic() - begun < 3.0
        program = Path(os.path.realpath(sys.executable)).name
        assert str(refused.value) == (
            f"the warehouse file w.duckdb is open in another program (pid {reader.pid}, {program}); "
            "close it and try again"
        )
    assert warehouse.query(ONE).num_rows == 1


def test_a_reader_that_ends_in_time_is_waited_for(path: Path) -> None:
    warehouse = DuckDbWarehouse(path, busy_wait=30.0)
    with held(path) as reader:
        assert reader.stdin is not None
        reader.stdin.close()
        assert warehouse.query(ONE).num_rows == 1


def test_after_one_wait_the_next_statement_tries_once(path: Path) -> None:
    warehouse = DuckDbWarehouse(path, busy_wait=1.0)
    with held(path):
        with pytest.raises(HeldElsewhere):
            warehouse.query(ONE)
        begun = time.monotonic()
        with pytest.raises(HeldElsewhere):
            warehouse.query(ONE)
        assert time.monotonic() - begun < 0.9


def test_a_connection_of_the_same_process_is_named_as_well(path: Path) -> None:
    with duckdb.connect(str(path)), pytest.raises(HeldElsewhere, match=f"pid {os.getpid()}, this one"):
        DuckDbWarehouse(path, busy_wait=0.0).query(ONE)
    assert DuckDbWarehouse(path, busy_wait=0.0).query(ONE).num_rows == 1


@pytest.mark.parametrize(
    ("message", "holder"),
    [
        ('IO Error: Could not set lock on file "/a b/w.duckdb": Conflicting lock is held in /usr/bin/my tool '
         "(PID 12) by user me. See also https://duckdb.org", "pid 12, my tool"),
        ('IO Error: Could not set lock on file "w": Conflicting lock is held in PID 7.', "pid 7"),
        ('IO Error: Could not set lock on file "w": Resource temporarily unavailable',
         "unknown pid"),
    ],
)  # fmt: skip
def test_the_holder_is_read_from_what_the_driver_says(message: str, holder: str) -> None:
    assert holder_of(message) == holder


def test_services_say_so_and_store_no_run(bench_of: Callable[[DuckDbWarehouse], Bench], path: Path) -> None:
    bench = bench_of(DuckDbWarehouse(path, busy_wait=0.2))
    with held(path) as reader:
        started = bench.call("POST", "/start", json={"game_date": "TODAY"})
        form = bench.call(
            "POST", "/console/runs", data={"game_date": "TODAY", "min_minutes": "8"},
            headers={"sec-fetch-site": "same-origin"},
        )  # fmt: skip
        answers = [started, bench.call("GET", f"/predictions/{DAY}"), bench.call("GET", "/ready"), form]
        for answer in answers:
            assert answer.status_code == 503, answer.text
            assert f"open in another program (pid {reader.pid}, " in answer.text
            assert str(path.parent) not in answer.text
            assert "Could not set lock" not in answer.text
        assert started.headers["retry-after"] == "5"
        assert "warehouse: the warehouse file" in bench.call("GET", "/ready").json()["detail"]
        assert bench.call("GET", "/").status_code == 503
    assert bench.world.runs.runs() == []
    assert bench.call("GET", f"/predictions/{DAY}").status_code == 200


@pytest.fixture
def bench_of(tmp_path: Path) -> Callable[[DuckDbWarehouse], Bench]:
    return lambda warehouse: Bench(warehouse, tmp_path)


def test_a_run_under_way_waits_for_the_reader_and_is_not_failed(
    warehouse: DuckDbWarehouse, tmp_path: Path
) -> None:
    path = warehouse_path(warehouse)
    bench = Bench(DuckDbWarehouse(path, busy_wait=0.1), tmp_path)
    world = bench.world
    run_id = world.start(systems=["moving_average"]).run_id
    jobs = world.take_jobs()
    with held(path), pytest.raises(HeldElsewhere):
        world.work(jobs)
    assert world.runs.get(run_id).state.value == "PUBLISHED"
    world.work(jobs)
    reports = world.reports()
    for report in reports[:-1]:
        world.record(report)
    with held(path), pytest.raises(HeldElsewhere):
        world.record(reports[-1])
    run = world.runs.get(run_id)
    assert (run.state.value, run.note) == ("PUBLISHED", None)
    world.record(reports[-1])
    assert world.runs.get(run_id).state.value == "COMPLETE"


def warehouse_path(warehouse: DuckDbWarehouse) -> Path:
    return warehouse._file._path
