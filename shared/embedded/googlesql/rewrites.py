"""Rewrites of expressions of BigQuery's SQL into DuckDB expressions with the same result."""

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


def render(template: str, **parts: exp.Expr | None) -> exp.Expr:
    """Build an expression in DuckDB's dialect; the columns ``_name`` are replaced by the parts."""
    template_tree = _parse_template(template).copy()

    def replace_column(node: exp.Expr) -> exp.Expr:
        is_placeholder = isinstance(node, exp.Column) and node.name.startswith("_")
        part = parts.get(node.name[1:]) if is_placeholder else None
        return exp.Paren(this=part.copy()) if part is not None else node

    return exp.Paren(this=template_tree.transform(replace_column))


@cache
def _parse_template(template: str) -> exp.Expr:
    return sqlglot.parse_one(template, read="duckdb")


def type_of(node: exp.Expr | None) -> exp.DType:
    data_type = node.type if node is not None else None
    return data_type.this if data_type is not None else exp.DType.UNKNOWN


def is_float(node: exp.Expr | None) -> bool:
    return type_of(node) in FLOATS


def is_integer(node: exp.Expr | None) -> bool:
    return type_of(node) in INTEGERS


def literal(node: exp.Expr) -> exp.Expr:
    """Cast numbers to 64 bits; DuckDB reads them as 32 bits or decimals."""
    if node.args["is_string"]:
        return node
    return exp.Cast(this=node.copy(), to=exp.DataType.build("BIGINT" if node.name.isdigit() else "DOUBLE"))


def compare(node: exp.Expr) -> exp.Expr:
    """Make NaN unequal to every value, also to itself; in DuckDB it is the greatest number."""
    a, b = node.this, node.expression
    if not (is_float(a) or is_float(b)):
        return node
    outcome = "TRUE" if isinstance(node, exp.NEQ) else "FALSE"
    a, b = (exp.Cast(this=x.copy(), to=exp.DataType.build("DOUBLE")) for x in (a, b))
    comparison = type(node)(this=a.copy(), expression=b.copy())
    return render(
        "CASE WHEN _a IS NULL OR _b IS NULL THEN NULL "
        f"WHEN ISNAN(_a) OR ISNAN(_b) THEN {outcome} ELSE _comparison END",
        a=a, b=b, comparison=comparison,
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


def in_list(node: exp.Expr) -> exp.Expr:
    if is_float(node.this) or any(map(is_float, node.expressions)):
        if node.args.get("query") or node.args.get("unnest"):
            raise unsupported("IN of FLOAT64 and a subquery")
        return exp.Paren(
            this=exp.or_(*(compare(exp.EQ(this=node.this, expression=e)) for e in node.expressions))
        )
    return node


def order_nan_first(node: exp.Expr) -> exp.Expr:
    """Sort NaN before every number; DuckDB sorts it last."""
    if not is_float(node.this):
        return node
    nan_rank = 1 if node.args.get("desc") else 0
    rank = render(f"CASE WHEN ISNAN(_x) THEN {nan_rank} ELSE {1 - nan_rank} END", x=node.this)
    null = render("_x IS NULL", x=node.this)
    first = bool(node.args.get("nulls_first"))
    order = node.parent
    assert order is not None
    position = order.expressions.index(node)
    extra = [exp.Ordered(this=null, desc=first), exp.Ordered(this=rank, desc=False)]
    order.set("expressions", [*order.expressions[:position], *extra, *order.expressions[position:]])
    return node


def divide(node: exp.Expr) -> exp.Expr:
    return _finite_or_error(
        render(
            "CASE WHEN _b = 0 THEN ERROR('division by zero') "
            "ELSE CAST(_a AS DOUBLE) / CAST(_b AS DOUBLE) END",
            a=node.this, b=node.expression,
        ),
        node,
    )  # fmt: skip


def arithmetic(node: exp.Expr) -> exp.Expr:
    """Raise an error if a sum, difference or product of finite floats is not finite."""
    if is_float(node.this) or is_float(node.expression):
        return _finite_or_error(node.copy(), node)
    if not (is_integer(node.this) and is_integer(node.expression)):
        raise unsupported(f"{node.this.sql('bigquery')} {node.key.upper()} {node.expression.sql('bigquery')}")
    return node


def _finite_or_error(expr: exp.Expr, node: exp.Expr) -> exp.Expr:
    return render(
        "CASE WHEN ISINF(CAST(_expr AS DOUBLE)) AND ISFINITE(CAST(_a AS DOUBLE)) "
        "AND ISFINITE(CAST(_b AS DOUBLE)) THEN ERROR('floating point overflow') ELSE _expr END",
        expr=expr, a=node.this, b=node.expression,
    )  # fmt: skip


def int_div(node: exp.Expr) -> exp.Expr:
    _require_integers(node, "DIV")
    return render(
        "CASE WHEN _b = 0 THEN ERROR('division by zero') ELSE _a // _b END", a=node.this, b=node.expression
    )


def mod(node: exp.Expr) -> exp.Expr:
    _require_integers(node, "MOD")
    a, b = node.this, node.expression
    return render("CASE WHEN _b = 0 THEN ERROR('division by zero') ELSE _a % _b END", a=a, b=b)


def _require_integers(node: exp.Expr, name: str) -> None:
    if not (is_integer(node.this) and is_integer(node.expression)):
        raise unsupported(f"{name} of other types than INT64")


def safe_divide(node: exp.Expr) -> exp.Expr:
    return render(
        "CASE WHEN _b = 0 OR (ISINF(CAST(_a AS DOUBLE) / CAST(_b AS DOUBLE)) "
        "AND ISFINITE(CAST(_a AS DOUBLE))) THEN NULL ELSE CAST(_a AS DOUBLE) / CAST(_b AS DOUBLE) END",
        a=node.this, b=node.expression,
    )  # fmt: skip


def greatest_or_least(node: exp.Expr) -> exp.Expr:
    """GREATEST and LEAST: NULL if any part is NULL, NaN if any part is NaN."""
    parts = [node.this, *node.expressions]
    null = exp.or_(*(render("_x IS NULL", x=p) for p in parts))
    expr = type(node)(this=parts[0].copy(), expressions=[p.copy() for p in parts[1:]])
    if not any(map(is_float, parts)):
        return render("CASE WHEN _null THEN NULL ELSE _expr END", null=null, expr=expr)
    nan = exp.or_(*(render("ISNAN(CAST(_x AS DOUBLE))", x=p) for p in parts))
    return render(
        f"CASE WHEN _null THEN NULL WHEN _nan THEN {NAN} ELSE _expr END", null=null, nan=nan, expr=expr
    )


def min_aggregate(node: exp.Expr) -> exp.Expr:
    if not is_float(node.this):
        return node
    if isinstance(node.parent, exp.Window):
        raise unsupported("MIN of FLOAT64 over a window")
    return render(f"CASE WHEN BOOL_OR(ISNAN(_x)) THEN {NAN} ELSE _expr END", x=node.this, expr=node.copy())


def sum_aggregate(node: exp.Expr) -> exp.Expr:
    if isinstance(node.parent, exp.Window) or not is_integer(node.this):
        return node
    return render("CAST(_expr AS BIGINT)", expr=node.copy())


def count_if(node: exp.Expr) -> exp.Expr:
    if isinstance(node.parent, exp.Window):
        raise unsupported("COUNTIF over a window")
    return render("COUNT(CASE WHEN _x THEN 1 END)", x=node.this)


def max_by(node: exp.Expr) -> exp.Expr:
    if is_float(node.expression):
        raise unsupported("MAX_BY or MIN_BY a FLOAT64")
    return node


def average(node: exp.Expr) -> exp.Expr:
    if not (is_float(node.this) or is_integer(node.this)):
        raise unsupported("AVG of other types than INT64 and FLOAT64")
    return node


def sign(node: exp.Expr) -> exp.Expr:
    if is_float(node.this):
        return render("CASE WHEN ISNAN(_x) THEN _x ELSE CAST(SIGN(_x) AS DOUBLE) END", x=node.this)
    return render("CAST(SIGN(_x) AS BIGINT)", x=node.this)


def round_to_integer(node: exp.Expr) -> exp.Expr:
    """FLOOR, CEIL and TRUNC return FLOAT64."""
    name = {"ceil": "CEIL", "floor": "FLOOR", "trunc": "TRUNC"}[node.key]
    return render(f"{name}(CAST(_x AS DOUBLE))", x=node.this)


def square_root(node: exp.Expr) -> exp.Expr:
    return render(
        "CASE WHEN _x < 0 THEN ERROR('SQRT of a negative number') ELSE SQRT(CAST(_x AS DOUBLE)) END",
        x=node.this,
    )


def round_number(node: exp.Expr) -> exp.Expr:
    if node.args.get("decimals") is None:
        return render("ROUND(CAST(_x AS DOUBLE))", x=node.this)
    digits = node.args["decimals"]
    if not digits.is_int or not 0 <= int(digits.to_py()) <= 6:
        raise unsupported("ROUND to other than 0 to 6 digits")
    return render("ROUND(CAST(_x AS DOUBLE), CAST(_n AS INTEGER))", x=node.this, n=digits)


def length(node: exp.Expr) -> exp.Expr:
    _require_text(node.this, "LENGTH")
    return node


def trim(node: exp.Expr) -> exp.Expr:
    """Remove every white space of Unicode, as BigQuery does."""
    _require_text(node.this, "TRIM")
    text = node.this
    return render("REGEXP_REPLACE(_x, '^[\\s\\v\\x{85}\\p{Z}]+|[\\s\\v\\x{85}\\p{Z}]+$', '', 'g')", x=text)


def substring(node: exp.Expr) -> exp.Expr:
    """Position 0 means 1; a negative position counts from the end, and stops at the beginning."""
    _require_text(node.this, "SUBSTR")
    start = render(
        "CASE WHEN _p IS NULL THEN NULL WHEN _p > 0 THEN _p WHEN _p = 0 THEN 1 "
        "ELSE GREATEST(LENGTH(_x) + _p + 1, 1) END",
        x=node.this, p=node.args["start"],
    )  # fmt: skip
    if node.args.get("length") is None:
        return render("SUBSTRING(_x, _s)", x=node.this, s=start)
    return render(
        "CASE WHEN _n < 0 THEN ERROR('SUBSTR: a negative length') ELSE SUBSTRING(_x, _s, _n) END",
        x=node.this, s=start, n=node.args["length"],
    )  # fmt: skip


def replace_text(node: exp.Expr) -> exp.Expr:
    return render(
        "CASE WHEN _from = '' AND _to IS NOT NULL THEN _x ELSE REPLACE(_x, _from, _to) END",
        x=node.this, **{"from": node.expression, "to": node.args["replacement"]},
    )  # fmt: skip


def concatenate(node: exp.Expr) -> exp.Expr:
    """CONCAT is NULL if any part is NULL."""
    parts = list(node.expressions) if isinstance(node, exp.Concat) else [node.this, node.expression]
    for part in parts:
        _require_text(part, "CONCAT")
    text = parts[0].copy()
    for part in parts[1:]:
        text = render("_a || _b", a=text, b=part)
    return exp.Paren(this=text)


def _require_text(node: exp.Expr, name: str) -> None:
    if type_of(node) not in TEXTS | {exp.DType.UNKNOWN} and not isinstance(node, exp.Null):
        raise unsupported(f"{name} of other types than STRING")


def subscript(node: exp.Expr) -> exp.Expr:
    """Raise an error for an index out of bounds; NULL with SAFE_."""
    if node.args.get("offset") is None or len(node.expressions) != 1:
        raise unsupported("a subscript without OFFSET or ORDINAL")
    position = render("_i + _o", i=node.expressions[0], o=exp.Literal.number(1 - node.args["offset"]))
    outside = "NULL" if node.args.get("safe") else "ERROR('array index out of bounds')"
    return render(
        f"CASE WHEN _a IS NULL OR _p IS NULL THEN NULL WHEN _p < 1 OR _p > LEN(_a) THEN {outside} "
        "ELSE LIST_EXTRACT(_a, _p) END",
        a=node.this, p=position,
    )  # fmt: skip


REWRITES: dict[type[exp.Expr], Rewrite] = {
    exp.Add: arithmetic, exp.ArgMax: max_by, exp.ArgMin: max_by, exp.Avg: average, exp.Between: between,
    exp.Bracket: subscript, exp.Ceil: round_to_integer, exp.Concat: concatenate, exp.CountIf: count_if,
    exp.DPipe: concatenate, exp.Div: divide, exp.EQ: compare, exp.Floor: round_to_integer, exp.GT: compare,
    exp.GTE: compare, exp.Greatest: greatest_or_least, exp.In: in_list, exp.IntDiv: int_div, exp.LT: compare,
    exp.LTE: compare, exp.Least: greatest_or_least, exp.Length: length, exp.Literal: literal,
    exp.Min: min_aggregate, exp.Mod: mod, exp.Mul: arithmetic, exp.NEQ: compare, exp.Replace: replace_text,
    exp.Round: round_number, exp.SafeDivide: safe_divide, exp.Sign: sign, exp.Sqrt: square_root,
    exp.Sub: arithmetic, exp.Substring: substring, exp.Sum: sum_aggregate, exp.Trim: trim,
    exp.Trunc: round_to_integer,
}  # fmt: skip
