"""The table of findings of each load of files."""

from __future__ import annotations

from shared.schemas.table import Column, Table, required

LOAD_RECONCILIATION = Table(
    "nba_raw.load_reconciliation",
    "One row per load, file and reason; a file without anything to report has one row without a reason",
    (
        required("load_date", "DATE", "US Eastern date of the load, by the product's clock"),
        required("load_id", "STRING", "one load of one folder"),
        required("loaded_at", "TIMESTAMP", "real time at the end of the load"),
        required("file_name", "STRING", "the file of the folder"),
        required("severity", "STRING", "OK, INFO or WARNING"),
        required("reason", "STRING", "the finding about the rows; empty if there is none"),
        required("row_count", "INT64", "rows with the reason; all rows of the file where it is empty"),
        Column("example", "STRING", "the first of the rows"),
        Column("first_game_date", "DATE", "first game date of the file's rows"),
        Column("last_game_date", "DATE", "last game date of the file's rows"),
    ),
    key=("load_date", "load_id", "file_name", "reason"),
    partition="load_date",
    cluster=("file_name",),
)
