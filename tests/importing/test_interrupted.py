"""An import that is killed and given again, or given twice at once, leaves what one import leaves."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest

from shared.application.importing import import_files, quote_batches
from shared.errors import Unavailable
from tests.feeds import nba_files
from tests.feeds.nba_files import CURRY, game, log, schedule
from tests.importing.games import NOW, World
from tests.importing.test_import_files import odds
from tests.infra.commands import ROOT
from tests.programs import run_program

PLAYERS = nba_files.raw({"resultSets": [nba_files.table(
    "CommonAllPlayers", ["PERSON_ID", "DISPLAY_FIRST_LAST", "TEAM_ABBREVIATION", "FROM_YEAR", "TO_YEAR"],
    [201939, "Stephen Curry", "GSW", "2009", "2024"],
)]})  # fmt: skip
FILES = (
    schedule(game()),
    log(CURRY),
    PLAYERS,
    odds("Stephen Curry", (25.5, -110, -120)),
    odds("Steph Curry", (26.5, -105, -125)),
)
LAST_WRITE = 40
"""More than the writes of an import."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the files."""
    folder = tmp_path / "feeds"
    folder.mkdir()
    for i, file in enumerate(FILES):
        (folder / f"{i}.json").write_bytes(file.body)
    return folder


def props_import(home: Path, folder: Path, kill_at: int | None = None) -> int:
    """Run the command; return its exit code, -9 if it was killed at a write."""
    words = ["backfill_jobs.cli.main", "import", str(folder)]
    if kill_at is not None:
        words = ["tests.jobs.killer", str(kill_at), *words]
    environment = {**os.environ, "PROPS_HOME": str(home), "PROPS_NOW": NOW.isoformat()}
    ended = run_program(words[0], words[1:], environment, ROOT, seconds=100)
    assert "Traceback" not in ended.stderr, ended.stderr
    return ended.returncode


JOURNAL = "nba_raw.load_reconciliation"
"""A table with rows for each load, also for one that changes nothing."""


def state(home: Path) -> dict[str, list[str]]:
    """Return the rows of every table that has some, except the journal of loads."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        names = con.execute("SELECT schema_name || '.' || table_name FROM duckdb_tables()").fetchall()
        tables = {name: con.execute(f"FROM {name}").to_arrow_table() for (name,) in names if name != JOURNAL}
    return {
        name: sorted(map(repr, table.to_pylist())) for name, table in sorted(tables.items()) if table.num_rows
    }


@pytest.mark.slow
def test_an_import_that_is_killed_at_any_write_is_completed_by_the_same_import(
    tmp_path: Path, folder: Path
) -> None:
    code = props_import(tmp_path / "calm", folder)
    wanted = state(tmp_path / "calm")
    assert len(wanted) >= 4
    killed = 0
    for at in range(2, LAST_WRITE, 3):  # before a write and after one
        home = tmp_path / f"k{at}"
        if props_import(home, folder, at) != -signal.SIGKILL:
            break
        killed += 1
        assert props_import(home, folder) == code
        assert state(home) == wanted, at
    assert killed >= 5


@pytest.mark.slow
def test_two_imports_at_once_leave_what_one_leaves(tmp_path: Path, folder: Path) -> None:
    code = props_import(tmp_path / "calm", folder)
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(props_import, tmp_path / "both", folder) for _ in range(2)]
    assert [ended.result() for ended in both] == [code, code]
    assert state(tmp_path / "both") == state(tmp_path / "calm")


def test_an_import_that_fails_between_batches_of_quotes_is_completed_by_the_same_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quote_batches, "BATCH_ROWS", 1)
    (tmp_path / "calm").mkdir()
    calm = World(tmp_path / "calm")
    calm.add(*FILES)
    (tmp_path / "failed").mkdir()
    world = World(tmp_path / "failed")
    with monkeypatch.context() as patched:
        patched.setattr(import_files.LoadFolder, "write", _failing_at(3))
        with pytest.raises(Unavailable, match="the disk is full"):
            world.add(*FILES)
    columns = ["player_lookup", "points_line"]
    assert len(world.rows("nba_raw.odds_api_player_points_props", columns)) == 1
    world.add(*FILES)
    assert state(tmp_path / "failed") == state(tmp_path / "calm")


def _failing_at(call: int) -> Any:
    """Return ``LoadFolder.write`` that raises at its n-th call."""
    write, count = import_files.LoadFolder.write, 0

    def failing(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count == call:
            raise Unavailable("the disk is full")
        return write(*arguments)

    return failing
