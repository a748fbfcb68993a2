"""The release before this one works on today's tables and messages, and today's code on what it left there.

``release-0.1.0.json`` is that release as it was: its tables, its statements and its messages' JSON schemas.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pyarrow as pa
import pytest

import shared.warehouse
from shared.ports import Statement, Warehouse
from shared.schemas import messages
from shared.schemas.catalog import TABLES
from shared.schemas.table import ARROW_TYPES, Table
from tests.contracts.test_warehouse import VALUES

RELEASE = json.loads((Path(__file__).parent / "release-0.1.0.json").read_text(encoding="utf-8"))
NOW = {t.full_name: t for t in TABLES}
QUERIES = Path(shared.warehouse.__file__).parent / "queries"
DAY = date(2025, 3, 19)
PARAMETER = re.compile(r"(?<!@)@(\w+)")
PARAMETERS: dict[str, Any] = {
    "now": datetime(2025, 3, 19, 12, tzinfo=UTC), "force": True, "counted": True, "also_whole": True, "least_played": 5,
    "high_edge": 5.0, "least": 0.0, "most": 5, "skipped": 0,
    **{name: [VALUES["STRING"]] for name in ("run_ids", "snapshots", "games", "players")},
    **dict.fromkeys(("player_id", "old", "new"), VALUES["INT64"]),
    **dict.fromkeys(("game_date", "first", "last", "since", "before", "next_date", "names_since", "today"), DAY),
}  # fmt: skip
"""Values of the statements' parameters; those that are not here are the text that stands in every row."""


def statement_of(sql: str) -> Statement:
    names = sorted(set(PARAMETER.findall(sql)))
    return Statement(sql, {name: PARAMETERS.get(name, VALUES["STRING"]) for name in names})


def run(warehouse: Warehouse, sql: str) -> int:
    """Rows of a question, or rows that a change has changed."""
    if sql.lstrip().startswith(("SELECT", "WITH")):
        return warehouse.query(statement_of(sql)).num_rows
    return warehouse.transact([statement_of(sql)])[0]


BY_ID = {"player_lookup": "player_id"}
KEYED_BY_ID = {
    "nba_predictions.ml_feature_store_v2": BY_ID,
    "nba_precompute.player_daily_cache": BY_ID,
    "nba_analytics.upcoming_player_game_context": BY_ID,
    "nba_predictions.prediction_key_outcomes": BY_ID,
    "nba_predictions.prediction_accuracy": BY_ID,
}
"""Tables whose rows are told apart by the player's id since, where the spelling did before (ADR 0024)."""


def test_tables_only_grow() -> None:
    for name, before in RELEASE["tables"].items():
        table = NOW[name]
        columns = {c.name: (c.type, c.mode) for c in table.columns}
        assert {n: columns.get(n) for n, _, _ in before["columns"]} == {
            n: (kind, mode) for n, kind, mode in before["columns"]
        }
        added = {n: mode for n, (_, mode) in columns.items() if n not in {c[0] for c in before["columns"]}}
        assert [n for n, mode in added.items() if mode == "REQUIRED"] == [], name
        key = [KEYED_BY_ID.get(name, {}).get(column, column) for column in before["key"]]
        assert (list(table.key), table.partition) == (key, before["partition"])


@pytest.fixture
def warehouse(warehouse_of: Callable[[Sequence[Table]], Warehouse]) -> Warehouse:
    return warehouse_of(TABLES)


def old_rows(name: str) -> pa.Table:
    """A row with every column that the release wrote."""
    kinds = {n: pa.list_(ARROW_TYPES[k]) if m == "REPEATED" else ARROW_TYPES[k]
             for n, k, m in RELEASE["tables"][name]["columns"]}  # fmt: skip
    row = {n: [VALUES[k]] if m == "REPEATED" else VALUES[k]
           for n, k, m in RELEASE["tables"][name]["columns"]}  # fmt: skip
    return pa.Table.from_pylist([row], schema=pa.schema(kinds.items()))


def write_as_it_did(warehouse: Warehouse) -> None:
    for name in RELEASE["tables"]:
        warehouse.append(NOW[name], old_rows(name))


ANSWERED = ("games_between", "snapshot_features", "snapshot_roster", "registered_models", "run_result")
"""Questions to which the row of each table is an answer, as long as nothing has changed it."""


@pytest.mark.slow
def test_its_writer_and_its_reader_work_on_todays_tables(warehouse: Warehouse) -> None:
    write_as_it_did(warehouse)
    for name, before in RELEASE["tables"].items():
        table = NOW[name]
        bounds = f"WHERE {table.partition} = @game_date" if table.partition else ""
        (row,) = warehouse.query(statement_of(f"SELECT * FROM {name} {bounds}")).to_pylist()
        written = old_rows(name).to_pylist()[0]
        assert row == dict.fromkeys(table.column_names) | written, name
        assert set(written) == {column for column, _, _ in before["columns"]}
    answers = {name: run(warehouse, sql) for name, sql in RELEASE["statements"].items()}
    assert {name: answers[name] for name in ANSWERED} == dict.fromkeys(ANSWERED, 1)


@pytest.mark.slow
def test_todays_reader_reads_what_it_wrote(warehouse: Warehouse) -> None:
    write_as_it_did(warehouse)
    files = sorted(QUERIES.glob("*.sql"))
    answers = {file.stem: run(warehouse, file.read_text(encoding="utf-8")) for file in files}
    assert {name: answers[name] for name in ANSWERED} == dict.fromkeys(ANSWERED, 1)


FULL: dict[str, Any] = {
    "schema_version": 1, "run_id": "r", "game_date": "2025-03-19", "game_id": "g", "player_lookup": "p",
    "player_id": 1, "team_abbr": "AAA", "opponent_team_abbr": "BBB", "systems": ["catboost_v9"],
    "mode": "LIVE", "as_of": "2025-03-19T12:00:00Z", "feature_version": "v2_33features",
    "feature_snapshot_id": "s", "feature_hash": "h", "feature_quality_score": 99.5,
    "features": [1.0] * 33, "league_def_rating": 113.0, "days_rest": 1.0, "recent": [1.0] * 5,
    "tipoff": "2025-03-19T23:00:00Z", "in_sample": False, "context": [0.5] * 29,
    "line": {"value": 20.5, "book": "b", "quote_id": "q", "precision": "quote", "over_price": -110,
             "under_price": -110, "captured_at": "2025-03-19T11:00:00Z"},
}  # fmt: skip
SAMPLES: dict[str, dict[str, Any]] = {
    "PredictionRequest": FULL,
    "PredictionReady": {"schema_version": 1, "run_id": "r", "player_lookup": "p", "outcome": "predicted",
                        "systems": {"catboost_v9": "predicted"}},
    "PredictionsComplete": {"schema_version": 1, "run_id": "r", "game_date": "2025-03-19",
                            "state": "COMPLETE", "predicted": 2, "skipped": 1, "failed": 0},
    "RunRequested": {"game_date": "TODAY", "force": True, "skip_mlfs_check": False, "systems": ["catboost_v9"],
                     "allow_started": False, "min_minutes": 8.0, "reason": "why"},
}  # fmt: skip
"""A message of each kind with every field that the release knew."""


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_messages_are_read_both_ways(kind: str) -> None:
    before = RELEASE["messages"][kind]
    known = before["$defs"][kind]
    assert set(SAMPLES[kind]) == set(known["properties"])
    least = {name: value for name, value in SAMPLES[kind].items() if name in known.get("required", [])}
    its_reader = jsonschema_rs.validator_for(before)
    for sample in (SAMPLES[kind], least):
        its_reader.validate(sample)
        read = messages.decode(json.dumps(sample).encode(), getattr(messages, kind))
        written = json.loads(messages.encode(read))
        its_reader.validate(written)
    today = msgspec.structs.fields(getattr(messages, kind))
    assert {f.encode_name for f in today} >= set(known["properties"])
