"""Import odds files and do the same with pandas, each in a process of its own, in turn.

``python -m tests.bench.odds_import.measure FOLDER [ROUNDS]``, FOLDER as ``odds_files`` has written it. Prints CPU
seconds and peak memory of: pandas reading and resolving; the product reading, resolving, checking and giving ids to
the quotes (a dry run); and the whole import with its write to the warehouse.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median

import pyarrow as pa
import pyarrow.parquet as pq

from shared.application.importing.import_files import ImportFiles
from shared.application.importing.sources import files_of
from shared.application.ingestion.load import LoadFolder
from shared.embedded.clock import FixedClock
from shared.embedded.duckdb_warehouse import DuckDbWarehouse

CLOCK = FixedClock(datetime(2025, 6, 1, tzinfo=UTC))
BEFORE = date(2025, 1, 2)
"""Date of a game of each team before the first odds, whose box score is its roster."""

SIDES = ("pandas", "dry", "whole")


def warehouse_of(folder: Path, where: Path) -> DuckDbWarehouse:
    """Return a warehouse with the games of the folder and its rosters."""
    games = pq.read_table(folder / "games.parquet").to_pylist()
    people = pq.read_table(folder / "rosters.parquet").to_pylist()
    teams = sorted({p["team"] for p in people})
    pairs = dict(zip(teams[::2], teams[1::2], strict=True))
    earlier = [
        {"game_id": f"00224{90000 + i:05d}", "game_date": BEFORE, "home_team": a, "away_team": b}
        for i, (a, b) in enumerate(pairs.items())
    ]
    kind = {"season": "2024-25", "season_type": "Regular Season"}
    opponent = pairs | {b: a for a, b in pairs.items()}
    counts = dict.fromkeys(("points", "fgm", "fga", "fg3m", "fg3a", "ftm", "fta", "oreb", "tov"), 0)
    logs = [
        {"season": "2024-25", "game_date": BEFORE, "player_id": p["player_id"], "player_name": p["player_name"],
         "team": p["team"], "opponent": opponent[p["team"]], "is_home": p["team"] in pairs, "did_play": True,
         "minutes": 30.0, **counts}
        for p in people
    ]  # fmt: skip
    source = where / "in"
    source.mkdir()
    pq.write_table(pa.Table.from_pylist([kind | g for g in [*games, *earlier]]), source / "games.parquet")
    pq.write_table(pa.Table.from_pylist(logs), source / "player_game_logs.parquet")
    warehouse = DuckDbWarehouse(where / "warehouse.duckdb")
    LoadFolder(warehouse, CLOCK)(source)
    return warehouse


def run(side: str, folder: Path) -> tuple[float, int]:
    """Run one side; return its CPU seconds, without imports and set-up, and its peak memory in MB."""
    with tempfile.TemporaryDirectory() as where:
        if side == "pandas":
            from tests.bench.odds_import import pandas_import

            begun = os.times()
            rows = len(pandas_import.resolved(pandas_import.read(folder), folder))
        else:
            warehouse = warehouse_of(folder, Path(where))
            sources, _ = files_of(sorted(folder.glob("*.json")))
            begun = os.times()
            result = ImportFiles(warehouse, CLOCK)(sources, dry_run=side == "dry")
            rows = result.read["odds_api_player_points_props"]
            assert result.unresolved == 0
        ended = os.times()
    print(f"{rows:,} quotes", file=sys.stderr)
    cpu = ended.user + ended.system - begun.user - begun.system
    return cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def measured(side: str, folder: Path) -> tuple[float, int]:
    arguments = [sys.executable, "-m", __spec__.name, str(folder), side]
    done = subprocess.run(arguments, capture_output=True, text=True, check=True)
    cpu, memory = done.stdout.split()
    return float(cpu), int(memory)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    if sys.argv[2:] and sys.argv[2] in SIDES:
        print(*run(sys.argv[2], folder))
        sys.exit()
    rounds = [
        {side: measured(side, folder) for side in SIDES} for _ in range(int((sys.argv[2:] or ["3"])[0]))
    ]
    for side in SIDES:
        cpu = [r[side][0] for r in rounds]
        memory = max(r[side][1] for r in rounds)
        ratios = [r["pandas"][0] / r[side][0] for r in rounds]
        print(f"{side}: {median(cpu):.2f} s ({min(cpu):.2f}-{max(cpu):.2f}), {memory} MB, "
              f"pandas takes {median(ratios):.1f} times as long ({min(ratios):.1f}-{max(ratios):.1f})")  # fmt: skip
