"""How DuckDB is asked for what BigQuery means by an expression."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import sqlglot
from sqlglot import exp

from shared.embedded.googlesql.support import unsupported

Rewrite = Callable[[exp.Expr], exp.Expr]

FLOATS = {exp.DType.DOUBLE, exp.DType.FLOAT}
INTEGERS = {exp.DType.BIGINT, exp.DType.INT, exp.DType.SMALLINT, exp.DType.TINYINT}
TEXTS = {exp.DType.VARCHAR, exp.DType.TEXT}
INSTANTS = {exp.DType.TIMESTAMPTZ, exp.DType.TIMESTAMPLTZ}
NAN = "CAST('nan' AS DOUBLE)"


def duck(template: str, **parts: exp.Expr | None) -> exp.Expr:
    """An expression in DuckDB's dialect, in which the columns ``_name`` are the parts."""
    made = _parsed(template).copy()

    def fill(node: exp.Expr) -> exp.Expr:
        part = (
            parts.get(node.name[1:]) if isinstance(node, exp.Column) and node.name.startswith("_") else None
        )
        return exp.Paren(this=part.copy()) if part is not None else node

    return exp.Paren(this=made.transform(fill))


@cache
def _parsed(template: str) -> exp.Expr:
    return sqlglot.parse_one(template, read="duckdb")


def kind(node: exp.Expr | None) -> exp.DType:
    found = node.type if node is not None else None
    return found.this if found is not None else exp.DType.UNKNOWN


def is_float(node: exp.Expr | None) -> bool:
    return kind(node) in FLOATS


def is_integer(node: exp.Expr | None) -> bool:
    return kind(node) in INTEGERS


def literal(node: exp.Expr) -> exp.Expr:
    """Numbers have 64 bits; DuckDB reads them as 32 or as decimals."""
    if node.args["is_string"]:
        return node
    whole = node.name.isdigit()
    return exp.Cast(this=node.copy(), to=exp.DataType.build("BIGINT" if whole else "DOUBLE"))


def compare(node: exp.Expr) -> exp.Expr:
    """NaN is unequal to everything, also itself; DuckDB takes it for the greatest number."""
    a, b = node.this, node.expression
    if not (is_float(a) or is_float(b)):
        return node
    outcome = "TRUE" if isinstance(node, exp.NEQ) else "FALSE"
    a, b = (exp.Cast(this=x.copy(), to=exp.DataType.build("DOUBLE")) for x in (a, b))
    plain = type(node)(this=a.copy(), expression=b.copy())
    return duck(
        "CASE WHEN _a IS NULL OR _b IS NULL THEN NULL "
        f"WHEN ISNAN(_a) OR ISNAN(_b) THEN {outcome} ELSE _plain END",
        a=a, b=b, plain=plain,
    )  # fmt: skip


def between(node: exp.Expr) -> exp.Expr:
    low, high = node.args["low"], node.args["high"]
    if not any(map(is_float, (node.this, low, high))):
        return node
    return exp.Paren(
        this=exp.and_(
            compare(exp.GTE(this=node.this, expression=low)),
            compare(exp.LTE(this=node.this, expression=high)),
        )
    )


def is_in(node: exp.Expr) -> exp.Expr:
    if is_float(node.this) or any(map(is_float, node.expressions)):
        if node.args.get("query") or node.args.get("unnest"):
            raise unsupported("IN of FLOAT64 and a subquery")
        return exp.Paren(
            this=exp.or_(*(compare(exp.EQ(this=node.this, expression=e)) for e in node.expressions))
        )
    return node


def ordered(node: exp.Expr) -> exp.Expr:
    """NaN comes before every number; DuckDB sorts it behind."""
    if not is_float(node.this):
        return node
    down = bool(node.args.get("desc"))
    rank = duck(f"CASE WHEN ISNAN(_x) THEN {1 if down else 0} ELSE {0 if down else 1} END", x=node.this)
    null = duck("_x IS NULL", x=node.this)
    first = bool(node.args.get("nulls_first"))
    order = node.parent
    assert order is not None
    position = order.expressions.index(node)
    extra = [exp.Ordered(this=null, desc=first), exp.Ordered(this=rank, desc=False)]
    order.set("expressions", [*order.expressions[:position], *extra, *order.expressions[position:]])
    return node


def divide(node: exp.Expr) -> exp.Expr:
    return _whole_or_error(
        duck(
            "CASE WHEN _b = 0 THEN ERROR('division by zero') "
            "ELSE CAST(_a AS DOUBLE) / CAST(_b AS DOUBLE) END",
            a=node.this, b=node.expression,
        ),
        node,
    )  # fmt: skip


def arithmetic(node: exp.Expr) -> exp.Expr:
    """A sum, difference or product of finite floats that is not finite is an error."""
    if is_float(node.this) or is_float(node.expression):
        return _whole_or_error(node.copy(), node)
    if not (is_integer(node.this) and is_integer(node.expression)):
        raise unsupported(f"{node.this.sql('bigquery')} {node.key.upper()} {node.expression.sql('bigquery')}")
    return node


def _whole_or_error(made: exp.Expr, node: exp.Expr) -> exp.Expr:
    return duck(
        "CASE WHEN ISINF(CAST(_made AS DOUBLE)) AND ISFINITE(CAST(_a AS DOUBLE)) "
        "AND ISFINITE(CAST(_b AS DOUBLE)) THEN ERROR('floating point overflow') ELSE _made END",
        made=made, a=node.this, b=node.expression,
    )  # fmt: skip


def int_div(node: exp.Expr) -> exp.Expr:
    _integers(node, "DIV")
    return duck(
        "CASE WHEN _b = 0 THEN ERROR('division by zero') ELSE _a // _b END", a=node.this, b=node.expression
    )


def mod(node: exp.Expr) -> exp.Expr:
    _integers(node, "MOD")
    a, b = node.this, node.expression
    return duck("CASE WHEN _b = 0 THEN ERROR('division by zero') ELSE _a % _b END", a=a, b=b)


def _integers(node: exp.Expr, name: str) -> None:
    if not (is_integer(node.this) and is_integer(node.expression)):
        raise unsupported(f"{name} of other types than INT64")


def safe_divide(node: exp.Expr) -> exp.Expr:
    return duck(
        "CASE WHEN _b = 0 OR (ISINF(CAST(_a AS DOUBLE) / CAST(_b AS DOUBLE)) "
        "AND ISFINITE(CAST(_a AS DOUBLE))) THEN NULL ELSE CAST(_a AS DOUBLE) / CAST(_b AS DOUBLE) END",
        a=node.this, b=node.expression,
    )  # fmt: skip


def extreme(node: exp.Expr) -> exp.Expr:
    """GREATEST and LEAST: NULL if any is, NaN if any is."""
    parts = [node.this, *node.expressions]
    null = exp.or_(*(duck("_x IS NULL", x=p) for p in parts))
    made = type(node)(this=parts[0].copy(), expressions=[p.copy() for p in parts[1:]])
    if not any(map(is_float, parts)):
        return duck("CASE WHEN _null THEN NULL ELSE _made END", null=null, made=made)
    nan = exp.or_(*(duck("ISNAN(CAST(_x AS DOUBLE))", x=p) for p in parts))
    return duck(
        f"CASE WHEN _null THEN NULL WHEN _nan THEN {NAN} ELSE _made END", null=null, nan=nan, made=made
    )


def least_of_rows(node: exp.Expr) -> exp.Expr:
    if not is_float(node.this):
        return node
    if isinstance(node.parent, exp.Window):
        raise unsupported("MIN of FLOAT64 over a window")
    return duck(f"CASE WHEN BOOL_OR(ISNAN(_x)) THEN {NAN} ELSE _made END", x=node.this, made=node.copy())


def sum_of_rows(node: exp.Expr) -> exp.Expr:
    if isinstance(node.parent, exp.Window) or not is_integer(node.this):
        return node
    return duck("CAST(_made AS BIGINT)", made=node.copy())


def count_if(node: exp.Expr) -> exp.Expr:
    if isinstance(node.parent, exp.Window):
        raise unsupported("COUNTIF over a window")
    return duck("COUNT(CASE WHEN _x THEN 1 END)", x=node.this)


def by_other(node: exp.Expr) -> exp.Expr:
    if is_float(node.expression):
        raise unsupported("MAX_BY or MIN_BY a FLOAT64")
    return node


def average(node: exp.Expr) -> exp.Expr:
    if not (is_float(node.this) or is_integer(node.this)):
        raise unsupported("AVG of other types than INT64 and FLOAT64")
    return node


def sign(node: exp.Expr) -> exp.Expr:
    if is_float(node.this):
        return duck("CASE WHEN ISNAN(_x) THEN _x ELSE CAST(SIGN(_x) AS DOUBLE) END", x=node.this)
    return duck("CAST(SIGN(_x) AS BIGINT)", x=node.this)


def whole_number(node: exp.Expr) -> exp.Expr:
    """FLOOR, CEIL, TRUNC and SQRT give FLOAT64."""
    name = {"ceil": "CEIL", "floor": "FLOOR", "trunc": "TRUNC"}[node.key]
    return duck(f"{name}(CAST(_x AS DOUBLE))", x=node.this)


def square_root(node: exp.Expr) -> exp.Expr:
    return duck(
        "CASE WHEN _x < 0 THEN ERROR('SQRT of a negative number') ELSE SQRT(CAST(_x AS DOUBLE)) END",
        x=node.this,
    )


def rounded(node: exp.Expr) -> exp.Expr:
    if node.args.get("decimals") is None:
        return duck("ROUND(CAST(_x AS DOUBLE))", x=node.this)
    digits = node.args["decimals"]
    if not digits.is_int or not 0 <= int(digits.to_py()) <= 6:
        raise unsupported("ROUND to other than 0 to 6 digits")
    return duck("ROUND(CAST(_x AS DOUBLE), CAST(_n AS INTEGER))", x=node.this, n=digits)


def length(node: exp.Expr) -> exp.Expr:
    _text(node.this, "LENGTH")
    return node


def trim(node: exp.Expr) -> exp.Expr:
    """Every white space of Unicode, as BigQuery has it."""
    _text(node.this, "TRIM")
    return duck("REGEXP_REPLACE(_x, '^[\\s\\v\\x{85}\\p{Z}]+|[\\s\\v\\x{85}\\p{Z}]+$', '', 'g')", x=node.this)


def substring(node: exp.Expr) -> exp.Expr:
    """Position 0 is 1; a negative one counts from the end, and one before the beginning is the beginning."""
    _text(node.this, "SUBSTR")
    start = duck(
        "CASE WHEN _p IS NULL THEN NULL WHEN _p > 0 THEN _p WHEN _p = 0 THEN 1 "
        "ELSE GREATEST(LENGTH(_x) + _p + 1, 1) END",
        x=node.this, p=node.args["start"],
    )  # fmt: skip
    if node.args.get("length") is None:
        return duck("SUBSTRING(_x, _s)", x=node.this, s=start)
    return duck(
        "CASE WHEN _n < 0 THEN ERROR('SUBSTR: a negative length') ELSE SUBSTRING(_x, _s, _n) END",
        x=node.this, s=start, n=node.args["length"],
    )  # fmt: skip


def replaced(node: exp.Expr) -> exp.Expr:
    return duck(
        "CASE WHEN _from = '' AND _to IS NOT NULL THEN _x ELSE REPLACE(_x, _from, _to) END",
        x=node.this, **{"from": node.expression, "to": node.args["replacement"]},
    )  # fmt: skip


def concatenated(node: exp.Expr) -> exp.Expr:
    """NULL if any is."""
    parts = list(node.expressions) if isinstance(node, exp.Concat) else [node.this, node.expression]
    for part in parts:
        _text(part, "CONCAT")
    made = parts[0].copy()
    for part in parts[1:]:
        made = duck("_a || _b", a=made, b=part)
    return exp.Paren(this=made)


def _text(node: exp.Expr, name: str) -> None:
    if kind(node) not in TEXTS | {exp.DType.UNKNOWN} and not isinstance(node, exp.Null):
        raise unsupported(f"{name} of other types than STRING")


def subscript(node: exp.Expr) -> exp.Expr:
    """An index out of bounds is an error, or NULL with SAFE_."""
    if node.args.get("offset") is None or len(node.expressions) != 1:
        raise unsupported("a subscript without OFFSET or ORDINAL")
    position = duck("_i + _o", i=node.expressions[0], o=exp.Literal.number(1 - node.args["offset"]))
    outside = "NULL" if node.args.get("safe") else "ERROR('array index out of bounds')"
    return duck(
        f"CASE WHEN _a IS NULL OR _p IS NULL THEN NULL WHEN _p < 1 OR _p > LEN(_a) THEN {outside} "
        "ELSE LIST_EXTRACT(_a, _p) END",
        a=node.this, p=position,
    )  # fmt: skip


REWRITES: dict[type[exp.Expr], Rewrite] = {
    exp.Add: arithmetic,
    exp.ArgMax: by_other,
    exp.ArgMin: by_other,
    exp.Avg: average,
    exp.Between: between,
    exp.Bracket: subscript,
    exp.Ceil: whole_number,
    exp.Concat: concatenated,
    exp.CountIf: count_if,
    exp.DPipe: concatenated,
    exp.Div: divide,
    exp.EQ: compare,
    exp.Floor: whole_number,
    exp.GT: compare,
    exp.GTE: compare,
    exp.Greatest: extreme,
    exp.In: is_in,
    exp.IntDiv: int_div,
    exp.LT: compare,
    exp.LTE: compare,
    exp.Least: extreme,
    exp.Length: length,
    exp.Literal: literal,
    exp.Min: least_of_rows,
    exp.Mod: mod,
    exp.Mul: arithmetic,
    exp.NEQ: compare,
    exp.Replace: replaced,
    exp.Round: rounded,
    exp.SafeDivide: safe_divide,
    exp.Sign: sign,
    exp.Sqrt: square_root,
    exp.Sub: arithmetic,
    exp.Substring: substring,
    exp.Sum: sum_of_rows,
    exp.Trim: trim,
    exp.Trunc: whole_number,
}
