"""A real date from files in the shapes of feeds to predictions, against the same data as own files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from backfill_jobs.demo.feed_files import write_game_logs, write_odds, write_schedules
from shared.application.backfill.prediction_backfill import BackfillOptions
from shared.application.backfill.results import Status
from shared.application.features.build import BuildOptions
from shared.application.importing.import_files import ImportFiles
from shared.application.importing.sources import files_of
from shared.application.ingestion.load import LoadFolder
from shared.domain.vocabulary import RunMode
from tests.application.worlds import Jobs

pytestmark = [pytest.mark.realdata, pytest.mark.slow]

CASES = {
    "quotes by the hour of the request": (date(2024, 12, 23), ("2023-24", "2024-25")),
    "quotes by the book's own time, with alternates": (date(2024, 3, 29), ("2022-23", "2023-24")),
}
"""A date and the seasons of its history."""

FORMULAS = ("moving_average", "zone_matchup_v1", "similarity_balanced_v1")
MOST_DIFFERENT = 0.5
"""Points; a game log has whole minutes, no usage and no row of a player who did not play.

Players without a line may differ more: they play a few minutes, of which a whole number says little.
"""


@pytest.mark.parametrize(("day", "seasons"), CASES.values(), ids=CASES.keys())
def test_files_of_feeds_predict_a_real_date_as_own_files_do(
    tmp_path: Path, real_data: Path, day: date, seasons: tuple[str, str]
) -> None:
    games, logs, lines = (_until(day, seasons, real_data / f"{name}.parquet") for name in OWN_FILES)
    lines = lines.filter(pc.equal(lines["game_date"], day))
    own, feeds = tmp_path / "own", tmp_path / "feeds"
    own.mkdir()
    for name, table in zip(OWN_FILES, (games, logs, lines), strict=True):
        pq.write_table(table, own / f"{name}.parquet")
    loaded = _jobs(tmp_path / "loaded")
    LoadFolder(loaded.warehouse, loaded.clock)(own)

    paths = [*write_schedules(games, feeds), *write_game_logs(logs, feeds), *write_odds(lines, feeds)]
    assert len(paths) >= 2 * len(seasons) + len(lines["game_id"].unique())
    imported = _jobs(tmp_path / "imported")
    sources, skipped = files_of([feeds])
    result = ImportFiles(imported.warehouse, imported.clock)(sources)
    assert (skipped, result.unresolved) == ([], 0)
    assert [str(note) for note in result.notes if note.is_finding] == []
    assert result.changed["odds_api_player_points_props"] == lines.num_rows

    by_load, by_import = _predicted(loaded, day), _predicted(imported, day)
    assert len(by_load) > 300
    assert _lines(by_import) == _lines(by_load)
    assert {player for player, line in _lines(by_import).items() if line is not None} == _quoted(loaded, day)
    assert by_import.keys() == by_load.keys()
    differences = {
        key: abs(by_import[key]["predicted_points"] - row["predicted_points"])
        for key, row in by_load.items()
        if row["current_points_line"] is not None
    }
    assert {key: d for key, d in differences.items() if d > MOST_DIFFERENT} == {}


OWN_FILES = ("games", "player_game_logs", "prop_lines")


def _until(day: date, seasons: Sequence[str], path: Path) -> pa.Table:
    """Return the rows up to the date, of these seasons where the file has seasons."""
    table = pq.read_table(path)
    table = table.filter(pc.less_equal(table["game_date"], day))
    has_season = "season" in table.column_names
    return table.filter(pc.is_in(table["season"], pa.array(seasons))) if has_season else table


def _jobs(folder: Path) -> Jobs:
    folder.mkdir()
    return Jobs(folder, {}, datetime(2026, 1, 1, tzinfo=UTC))


def _predicted(jobs: Jobs, day: date) -> dict[tuple[str, str], dict[str, Any]]:
    """Build features, predict, and return the predictions by player and system."""
    (built,) = jobs.build(day, day, BuildOptions(RunMode.BACKFILL))
    assert built.findings == ()
    options = BackfillOptions(systems=FORMULAS, allow_started=True)
    assert [r.status for r in jobs.predictions([day], options)] == [Status.SUCCESS]
    rows = jobs.rows(
        "SELECT player_lookup, system_id, current_points_line, predicted_points FROM "
        "nba_predictions.player_prop_predictions WHERE game_date = @d AND is_active",
        d=day,
    )
    return {(row["player_lookup"], row["system_id"]): row for row in rows}


def _lines(predictions: dict[tuple[str, str], dict[str, Any]]) -> dict[str, float | None]:
    return {player: row["current_points_line"] for (player, _), row in predictions.items()}


def _quoted(jobs: Jobs, day: date) -> set[str]:
    rows = jobs.rows(
        "SELECT DISTINCT player_lookup FROM nba_raw.odds_api_player_points_props WHERE game_date = @d", d=day
    )
    return {row["player_lookup"] for row in rows}
