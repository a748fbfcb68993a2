from __future__ import annotations

from pathlib import Path

import filelock
import pytest

from shared.application.queries.shared_connection import shared_connection
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.errors import NotFound
from shared.ports import Statement


class Twice:
    def __init__(self, warehouse: DuckDbWarehouse) -> None:
        self._warehouse = warehouse

    @shared_connection
    def __call__(self, lock: Path, *, fails: bool = False) -> tuple[int, bool]:
        found = sum(self._warehouse.query(Statement("SELECT 1 AS one")).num_rows for _ in range(2))
        if fails:
            raise NotFound("what was asked for")
        return found, is_free(lock)


def is_free(lock: Path) -> bool:
    try:
        with filelock.FileLock(lock, timeout=0):
            return True
    except filelock.Timeout:
        return False


def test_the_file_is_had_until_the_method_returns_and_no_longer(tmp_path: Path) -> None:
    lock = tmp_path / "w.duckdb.lock"
    ask = Twice(DuckDbWarehouse(tmp_path / "w.duckdb"))
    assert ask(lock) == (2, False)
    assert is_free(lock)
    with pytest.raises(NotFound):
        ask(lock, fails=True)
    assert is_free(lock)
