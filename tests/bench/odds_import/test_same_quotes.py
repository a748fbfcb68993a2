"""The pandas script reads the same quotes, else it would be no side to compare with."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.odds_import import odds_files, pandas_import, reading

pytestmark = pytest.mark.bench

COLUMNS = [
    "event_id", "bookmaker", "player_name", "line", "over_price", "under_price", "is_main", "game_date",
    "snapshot_time_utc",
]  # fmt: skip


def test_both_sides_read_the_same_quotes(tmp_path: Path) -> None:
    odds_files.write(tmp_path, days=1)
    ours = reading.read(tmp_path).select(COLUMNS).to_pylist()
    quotes = pandas_import.read(tmp_path)
    assert len(ours) == 18_144
    assert sorted(map(str, (tuple(r.values()) for r in plain(quotes[COLUMNS].to_dict("records"))))) == sorted(
        map(str, (tuple(r.values()) for r in plain(ours)))
    )
    rows = pandas_import.resolved(quotes, tmp_path)
    assert not rows[["player_id", "game_id"]].isna().any().any()


def plain(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return rows with times as text, since pandas has a type of its own."""
    return [{**row, "snapshot_time_utc": str(row["snapshot_time_utc"])} for row in rows]
