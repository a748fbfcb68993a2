"""Reference page of ``props sql`` on the embedded backend, from the expressions of its tests."""

from __future__ import annotations

from docs_tools import markdown
from tests.sql.expressions import BY_ROW, QUERIES, REFUSED, VALUES

ABOUT = """\
`props sql` takes one query in BigQuery's dialect (GoogleSQL). The `gcp` backend runs it unchanged. The
embedded backend translates it for DuckDB and accepts only tested syntax: a test runs each function and clause
below on the embedded backend and on Google's own evaluator of GoogleSQL, with NULL, NaN, -0.0, infinities
and the limits of integers and dates. The results are identical, bit for bit. If BigQuery raises an error
(division by zero, overflow, an index out of bounds), the embedded backend raises one too. All other syntax is
refused; the message names it."""

LIMITS = """\
## Limits

- If the embedded backend sorts by a column, it returns `0.0` for `-0.0` in that column.
- A sum of floats depends on the order of its rows; neither backend guarantees an order.
- `MIN` of FLOAT64 and `COUNTIF` over a window are refused, and so are `MAX_BY` and `MIN_BY` by a FLOAT64.
- `ROUND` takes 0 to 6 digits; `INSTR` and `TRIM` take no optional arguments.
- A subscript needs `OFFSET`, `ORDINAL`, `SAFE_OFFSET` or `SAFE_ORDINAL`.

With `--json`, the FLOAT64 values that JSON cannot represent become the texts `NaN`, `Infinity` and
`-Infinity`. Decimals are text, bytes are base64, instants are ISO 8601 in UTC. Columns without a name are
called `f0_`, `f1_`."""


def page() -> str:
    rows = [
        (markdown.code(name), "<br>".join(map(_one_line, expressions)))
        for name, expressions in sorted({**BY_ROW, **QUERIES}.items(), key=lambda item: item[0].lower())
    ]
    supported = markdown.table(("function or clause", "checked with"), rows)
    refused = ", ".join(markdown.code(e) for e in REFUSED)
    return markdown.page(
        "SQL",
        ABOUT,
        "## Supported",
        "In the tests of expressions, `i`, `f`, `s`, `d`, `t`, `b` are columns of this table `v`:",
        f"```sql\n{VALUES.strip()}\n```",
        supported,
        "## Refused",
        f"Tested examples of refused syntax: {refused}.",
        LIMITS,
    )


def _one_line(expression: str) -> str:
    return markdown.code(expression.replace("\n", " "))
