#!/usr/bin/env bash
# sqlglot 30.30.0, duckdb 1.5.5: BigQuery's UNNEST ... WITH OFFSET counts from 0. sqlglot writes it for DuckDB as WITH
# ORDINALITY, which counts from 1, and subtracts nothing, so that every offset is one too large, without an error.
# Seen: [('a', 1), ('b', 2)]; BigQuery gives [('a', 0), ('b', 1)].
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check sqlglot==30.30.0 duckdb==1.5.5
"$work/venv/bin/python" - <<'PY'
import duckdb, sqlglot

asked = "SELECT x, o FROM UNNEST(['a', 'b']) AS x WITH OFFSET AS o ORDER BY o"
(translated,) = sqlglot.transpile(asked, read="bigquery", write="duckdb")
found = duckdb.sql(translated).fetchall()
print(translated, found)
assert found == [("a", 1), ("b", 2)]
PY
