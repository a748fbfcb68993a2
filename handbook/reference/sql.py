"""What ``props sql`` supports on the embedded backend, of the expressions that a test asks of both."""

from __future__ import annotations

from handbook import markdown
from tests.sql.expressions import BY_ROW, QUERIES, REFUSED, VALUES

ABOUT = """\
`props sql` takes one query in BigQuery's dialect (GoogleSQL). The `gcp` backend runs it as it is. The
embedded backend translates it for DuckDB, and only what was checked: each function and clause below is
asked of the embedded backend and of Google's own evaluator of GoogleSQL, with NULL, NaN, -0.0, infinities
and the ends of integers and dates. Both give the same, bit for bit. Where BigQuery has an error (division
by zero, overflow, an index out of bounds), so has the embedded backend. Everything else is refused with its
name."""

LIMITS = """\
## Limits

- A column that the embedded backend sorts by comes back with `0.0` for `-0.0`.
- A sum of floats depends on the order of its rows; neither backend promises one.
- `MIN` of FLOAT64 and `COUNTIF` over a window are refused, and so are `MAX_BY` and `MIN_BY` by a FLOAT64.
- `ROUND` takes 0 to 6 digits, `INSTR` and `TRIM` no further argument.
- A subscript needs `OFFSET`, `ORDINAL`, `SAFE_OFFSET` or `SAFE_ORDINAL`.

With `--json`, FLOAT64 values that JSON has no number for are the texts `NaN`, `Infinity` and `-Infinity`;
decimals are text, bytes are base64, instants are ISO 8601 in UTC. Columns without a name are called `f0_`,
`f1_`."""


def page() -> str:
    rows = [
        (markdown.code(name), "<br>".join(map(_shown, checked)))
        for name, checked in sorted({**BY_ROW, **QUERIES}.items(), key=lambda item: item[0].lower())
    ]
    supported = markdown.table(("function or clause", "checked with"), rows)
    refused = ", ".join(markdown.code(e) for e in REFUSED)
    return markdown.page(
        "SQL",
        ABOUT,
        "## Supported",
        "In the first of these `i`, `f`, `s`, `d`, `t`, `b` are columns of this table `v`:",
        f"```sql\n{VALUES.strip()}\n```",
        supported,
        "## Refused",
        f"Examples that a test proves to be refused: {refused}.",
        LIMITS,
    )


def _shown(expression: str) -> str:
    return markdown.code(expression.replace("\n", " "))
