#!/usr/bin/env bash
# duckdb 1.5.5 (Python 3.11): a DOUBLE column that ORDER BY sorts by comes back with 0.0 where -0.0 was stored.
# Without ORDER BY, and in columns that are only carried along, the sign of zero is kept.
# Seen: plain -0.0, sorted 0.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check duckdb==1.5.5
"$work/venv/bin/python" - <<'PY'
import duckdb

rows = "(SELECT CAST('-0.0' AS DOUBLE) AS x UNION ALL SELECT 1.0)"
plain = duckdb.sql(f"SELECT x FROM {rows}").fetchall()[0][0]
ordered = duckdb.sql(f"SELECT x FROM {rows} ORDER BY x").fetchall()[0][0]
print(f"plain {plain}, sorted {ordered}")
assert (str(plain), str(ordered)) == ("-0.0", "0.0")
PY
