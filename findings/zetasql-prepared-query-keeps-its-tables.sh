#!/usr/bin/env bash
# zetasql 0.1.5: PreparedQuery.execute takes table_content, documented as "Optional table content override". With a
# prepared query it is an error, so that a query over changing rows is analyzed anew each time. Rows as a parameter
# (an array of structs, FROM UNNEST(@rows)) can change from one execution to the next.
# Seen: [INVALID_ARGUMENT] Modifying the content of a catalog of a prepared query is not supported
# Compiling the WebAssembly takes about a minute.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check zetasql==0.1.5 wasmtime==50.0.1
"$work/venv/bin/python" - <<'PY'
from zetasql.api import CatalogBuilder, PreparedQuery, TableBuilder, create_table_content
from zetasql.types import AnalyzerOptions, LanguageOptions, TypeKind, ZetaSQLBuiltinFunctionOptions

language = LanguageOptions.maximum_features()
table = TableBuilder("t").add_column("x", TypeKind.TYPE_INT64).build()
functions = ZetaSQLBuiltinFunctionOptions(language_options=language)
catalog = CatalogBuilder("c").add_table(table).with_builtin_functions(functions).build()
query = (
    PreparedQuery.builder().set_sql("SELECT x FROM t").set_catalog(catalog)
    .set_analyzer_options(AnalyzerOptions(language_options=language)).prepare()
)
try:
    query.execute(table_content={"t": create_table_content([[1]])})
except Exception as exc:
    print(exc)
    assert "Modifying the content of a catalog of a prepared query is not supported" in str(exc)
else:
    raise SystemExit("the content was taken: the behaviour has changed")
PY
