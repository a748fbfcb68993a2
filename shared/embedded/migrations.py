"""Changes to the rows of an embedded warehouse that an earlier version wrote."""

from __future__ import annotations

from duckdb import DuckDBPyConnection as Connection

from shared.schemas.feature_store import ML_FEATURE_STORE, PLAYER_DAILY_CACHE, UPCOMING_PLAYER_GAME_CONTEXT
from shared.schemas.predictions import PLAYER_PROP_PREDICTIONS, PREDICTION_ACCURACY, PREDICTION_KEY_OUTCOMES
from shared.schemas.table import Table

PLAYER_IDS_SINCE = 7
"""Version in which ``player_id`` became a key of the prediction tables."""


def fill_player_ids(con: Connection) -> None:
    """Fill missing player ids, each from a table with the same player.

    A name that two players share in one snapshot or game is not filled.
    """
    of_prediction = {"feature_snapshot_id": "snapshot_id", "player_lookup": "player_lookup"}
    _fill(con, PLAYER_PROP_PREDICTIONS, ML_FEATURE_STORE, of_prediction)
    _fill(con, PREDICTION_ACCURACY, PLAYER_PROP_PREDICTIONS, {"prediction_id": "prediction_id"})
    of_game = {"game_id": "game_id", "player_lookup": "player_lookup"}
    _fill(con, PREDICTION_KEY_OUTCOMES, UPCOMING_PLAYER_GAME_CONTEXT, of_game)
    of_snapshot = {"snapshot_id": "snapshot_id", "player_lookup": "player_lookup"}
    _fill(con, PLAYER_DAILY_CACHE, ML_FEATURE_STORE, of_snapshot)


def _fill(con: Connection, table: Table, source: Table, on: dict[str, str]) -> None:
    """``on``: columns of ``table`` and the columns of ``source`` that are equal for one player."""
    keys = ", ".join(on.values())
    condition = " AND ".join(f"t.{column} = s.{source_column}" for column, source_column in on.items())
    con.execute(
        f"UPDATE {table.full_name} AS t SET player_id = s.player_id FROM ("
        f"SELECT {keys}, MIN(player_id) AS player_id FROM {source.full_name} GROUP BY {keys} "
        f"HAVING COUNT(DISTINCT player_id) = 1) AS s WHERE t.player_id IS NULL AND {condition}"
    )
