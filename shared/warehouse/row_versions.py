"""Earlier versions of rows, stored before they are replaced."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from shared.ports import Warehouse
from shared.schemas.reference import ROW_VERSIONS
from shared.schemas.table import Table


def store_versions(
    warehouse: Warehouse,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    load_id: str,
    now: datetime,
    date_column: str = "game_date",
) -> None:
    """Append whole rows of a table to ``row_versions``; ``date_column`` gives the date of each."""
    if not rows:
        return
    versions = [
        {
            "game_date": row[date_column],
            "table_name": table.full_name,
            "row_key": json.dumps([row[k] for k in table.key], default=str),
            "replaced_at": now,
            "load_id": load_id,
            "row_json": json.dumps(row, default=str),
        }
        for row in rows
    ]
    warehouse.append(ROW_VERSIONS, ROW_VERSIONS.from_rows(versions))
