"""Rewrites of date, timestamp and CAST expressions of BigQuery's SQL for DuckDB."""

from __future__ import annotations

import re

from sqlglot import exp

from shared.embedded.googlesql.rewrites import FLOATS, INSTANTS, INTEGERS, TEXTS, Rewrite, render, type_of
from shared.embedded.googlesql.support import name_of, unsupported

DATE = {exp.DType.DATE}
PLAIN_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")

PARTS = {
    "YEAR": "YEAR(_x)", "QUARTER": "QUARTER(_x)", "MONTH": "MONTH(_x)", "DAY": "DAY(_x)",
    "DAYOFYEAR": "DAYOFYEAR(_x)", "ISOYEAR": "ISOYEAR(_x)", "ISOWEEK": "WEEKOFYEAR(_x)",
    "DAYOFWEEK": "DAYOFWEEK(_x) + 1",
    "WEEK": "(DAYOFYEAR(_x) + 6 - DAYOFWEEK(_x)) // 7",
}  # fmt: skip
TIME_PARTS = {
    "HOUR": "HOUR(_x)", "MINUTE": "MINUTE(_x)", "SECOND": "SECOND(_x)",
    "MILLISECOND": "MILLISECOND(_x) % 1000", "MICROSECOND": "MICROSECOND(_x) % 1000000",
}  # fmt: skip
MICROS = {
    "MICROSECOND": 1, "MILLISECOND": 10**3, "SECOND": 10**6, "MINUTE": 60 * 10**6, "HOUR": 3600 * 10**6,
    "DAY": 86400 * 10**6,
}  # fmt: skip
LATEST_MICROS, EARLIEST_MICROS = 253402300799999999, -62135596800000000
MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
DAYS = {"DAY": 1, "WEEK": 7}
DATE_FORM = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
FLOAT_FORM = "^[-+]?([0-9]+([.][0-9]*)?(e[-+]?[0-9]+)?|inf|infinity)$|^nan$"
OTHER_FORM = "^\\s|\\s$|0[xX]"
OTHER_NUMBERS = "CAST of hexadecimal or spaced text is not supported on the embedded backend"
OTHER_DATES = "CAST of dates of another form than YYYY-MM-DD is not supported on the embedded backend"
NUMBER_FORM = "^[-+]?[0-9]{1,19}$"


def unit_of(node: exp.Expr) -> str:
    unit = node.args.get("unit")
    return unit.name.upper() if isinstance(unit, exp.Var | exp.Literal) else "WEEK" if _sunday(unit) else "?"


def _sunday(unit: exp.Expr | None) -> bool:
    return isinstance(unit, exp.WeekStart) and unit.this.name.upper() == "SUNDAY"


def extract(node: exp.Expr) -> exp.Expr:
    part, source = node.this.name.upper(), node.expression
    if _sunday(node.this):
        part = "WEEK"
    if type_of(source) in INSTANTS and part == "DATE":
        return render("CAST(_x AS DATE)", x=source)
    expression = PARTS.get(part) or (TIME_PARTS.get(part) if type_of(source) in INSTANTS else None)
    if expression is None or type_of(source) not in INSTANTS | DATE:
        raise unsupported(f"EXTRACT({part}) of this type")
    return render(f"CAST({expression} AS BIGINT)", x=source)


def to_date(node: exp.Expr) -> exp.Expr:
    if (
        isinstance(node.this, exp.Literal)
        and PLAIN_DATE.fullmatch(node.this.name)
        and not node.args.get("zone")
    ):
        return render("CAST(_x AS DATE)", x=node.this)
    if node.args.get("zone") or node.expressions or type_of(node.this) not in INSTANTS | DATE:
        raise unsupported("DATE of other than one TIMESTAMP or DATE")
    return render("CAST(_x AS DATE)", x=node.this)


def shift_date(node: exp.Expr) -> exp.Expr:
    unit, sign = unit_of(node), "-" if isinstance(node, exp.DateSub) else "+"
    if type_of(node.this) not in DATE:
        raise unsupported(f"{name_of(node)} of other types than DATE")
    if unit in DAYS:
        shifted = render(f"_d {sign} CAST(_n * {DAYS[unit]} AS INTEGER)", d=node.this, n=_count(node))
    elif unit in MONTHS:
        shifted = render(
            f"CAST(_d {sign} TO_MONTHS(CAST(_n * {MONTHS[unit]} AS INTEGER)) AS DATE)",
            d=node.this,
            n=_count(node),
        )
    else:
        raise unsupported(f"{name_of(node)} by {unit}")
    return render(
        "CASE WHEN _m BETWEEN DATE '0001-01-01' AND DATE '9999-12-31' OR _m IS NULL THEN _m "
        "ELSE ERROR('date out of range') END",
        m=shifted,
    )  # fmt: skip


def _count(node: exp.Expr) -> exp.Expr:
    """Return the number of units as BIGINT; sqlglot may hold it as text."""
    number = node.expression
    number = number.this if isinstance(number, exp.Interval) else number
    if isinstance(number, exp.Literal) and number.is_string:
        number = exp.Literal.number(number.name)
    return render("CAST(_n AS BIGINT)", n=number)


def diff_dates(node: exp.Expr) -> exp.Expr:
    unit = unit_of(node)
    if type_of(node.this) not in DATE or type_of(node.expression) not in DATE:
        raise unsupported("DATE_DIFF of other types than DATE")
    if unit == "WEEK":
        sundays = "CAST(FLOOR((DATEDIFF('day', DATE '1970-01-04', _x)) / 7.0) AS BIGINT)"
        return render(f"{sundays} - {sundays.replace('_x', '_y')}", x=node.this, y=node.expression)
    if unit not in MONTHS and unit != "DAY":
        raise unsupported(f"DATE_DIFF in {unit}")
    return render(f"DATEDIFF('{unit.lower()}', _y, _x)", x=node.this, y=node.expression)


def truncate_date(node: exp.Expr) -> exp.Expr:
    unit = unit_of(node)
    if type_of(node.this) not in DATE:
        raise unsupported("DATE_TRUNC of other types than DATE")
    if unit == "WEEK":
        return render("_x - CAST(DAYOFWEEK(_x) AS INTEGER)", x=node.this)
    if unit not in MONTHS and unit != "DAY":
        raise unsupported(f"DATE_TRUNC to {unit}")
    return render(f"CAST(DATE_TRUNC('{unit.lower()}', _x) AS DATE)", x=node.this)


def shift_instant(node: exp.Expr) -> exp.Expr:
    unit, sign = unit_of(node), "-" if isinstance(node, exp.TimestampSub) else "+"
    if type_of(node.this) not in INSTANTS or unit not in MICROS:
        raise unsupported(f"{name_of(node)} by {unit}")
    shifted = render(
        f"EPOCH_US(_t) {sign} (_n * CAST({MICROS[unit]} AS BIGINT))", t=node.this, n=_count(node)
    )
    return render(
        f"CASE WHEN _m BETWEEN {EARLIEST_MICROS} AND {LATEST_MICROS} THEN MAKE_TIMESTAMPTZ(_m) "
        "WHEN _m IS NOT NULL THEN ERROR('timestamp out of range') END",
        m=shifted,
    )  # fmt: skip


def diff_instants(node: exp.Expr) -> exp.Expr:
    """Count whole units between two instants, not crossed boundaries."""
    unit = unit_of(node)
    if unit not in MICROS or any(type_of(x) not in INSTANTS for x in (node.this, node.expression)):
        raise unsupported(f"TIMESTAMP_DIFF in {unit}")
    return render(f"(EPOCH_US(_x) - EPOCH_US(_y)) // {MICROS[unit]}", x=node.this, y=node.expression)


def unix_time(node: exp.Expr) -> exp.Expr:
    """Count whole units since 1970, rounded down."""
    size = {"UNIX_SECONDS": 10**6, "UNIX_MILLIS": 10**3}[name_of(node)]
    if type_of(node.this) not in INSTANTS:
        raise unsupported(f"{name_of(node)} of other types than TIMESTAMP")
    return render(f"(EPOCH_US(_x) - ((EPOCH_US(_x) % {size}) + {size}) % {size}) // {size}", x=node.this)


def cast(node: exp.Expr) -> exp.Expr:
    """Convert between types where both dialects agree; texts are checked against a pattern."""
    source = type_of(node.this)
    target: exp.DType = node.args["to"].this
    safe = isinstance(node, exp.TryCast)
    if _same(source, target) or source in {exp.DType.NULL, exp.DType.UNKNOWN}:
        return exp.Cast(this=node.this.copy(), to=node.args["to"].copy())
    if isinstance(node.this, exp.Array) and not node.this.expressions:
        return exp.Cast(this=node.this.copy(), to=node.args["to"].copy())
    on_invalid = "NULL" if safe else f"ERROR('CAST: not a valid {node.args['to'].sql('bigquery')}')"
    x = node.this
    if source in TEXTS and isinstance(x, exp.Literal) and target in INSTANTS | DATE and not safe:
        return exp.Cast(this=x.copy(), to=node.args["to"].copy())
    if source in TEXTS and target in INTEGERS:
        return render(
            f"CASE WHEN _x IS NULL THEN NULL WHEN REGEXP_MATCHES(_x, '{NUMBER_FORM}') "
            "AND TRY_CAST(_x AS BIGINT) IS NOT NULL THEN CAST(_x AS BIGINT) "
            f"WHEN REGEXP_MATCHES(_x, '{OTHER_FORM}') THEN ERROR('{OTHER_NUMBERS}') ELSE {on_invalid} END",
            x=x,
        )  # fmt: skip
    if source in TEXTS and target in DATE:
        return render(
            f"CASE WHEN _x IS NULL THEN NULL WHEN REGEXP_MATCHES(_x, '{DATE_FORM}') "
            f"AND TRY_CAST(_x AS DATE) IS NOT NULL THEN CAST(_x AS DATE) "
            f"WHEN REGEXP_MATCHES(_x, '{DATE_FORM}') "
            f"OR NOT REGEXP_MATCHES(_x, '[0-9]+-[0-9]') THEN {on_invalid} ELSE ERROR('{OTHER_DATES}') END",
            x=x,
        )  # fmt: skip
    if source in TEXTS and target in FLOATS:
        return render(
            f"CASE WHEN _x IS NULL THEN NULL WHEN REGEXP_MATCHES(LOWER(_x), '{FLOAT_FORM}') "
            "AND TRY_CAST(_x AS DOUBLE) IS NOT NULL THEN CAST(_x AS DOUBLE) "
            f"WHEN REGEXP_MATCHES(_x, '{OTHER_FORM}|^[-+]?[.]') THEN ERROR('{OTHER_NUMBERS}') "
            f"ELSE {on_invalid} END",
            x=x,
        )  # fmt: skip
    if source in FLOATS and target in INTEGERS:
        return render(
            "CASE WHEN _x IS NULL THEN NULL WHEN ISFINITE(_x) AND ABS(_x) < 9.2e18 "
            f"THEN CAST(ROUND(_x) AS BIGINT) ELSE {on_invalid} END",
            x=x,
        )  # fmt: skip
    if source in INTEGERS and target in FLOATS:
        return render("CAST(_x AS DOUBLE)", x=x)
    if source in INTEGERS | DATE and target in TEXTS:
        return render("CAST(_x AS VARCHAR)", x=x)
    if source == exp.DType.BOOLEAN and target in TEXTS | INTEGERS:
        return exp.Cast(this=x.copy(), to=node.args["to"].copy())
    if source in INTEGERS and target == exp.DType.BOOLEAN:
        return render("CAST(_x AS BOOLEAN)", x=x)
    if source in INSTANTS and target in DATE:
        return render("CAST(_x AS DATE)", x=x)
    if source in DATE and target in INSTANTS:
        return render("CAST(_x AS TIMESTAMPTZ)", x=x)
    source_name, target_name = node.this.type.sql("bigquery"), node.args["to"].sql("bigquery")
    raise unsupported(f"{name_of(node)} of {source_name} to {target_name}")


def _same(source: exp.DType, target: exp.DType) -> bool:
    return source == target or any({source, target} <= kinds for kinds in (FLOATS, INTEGERS, TEXTS, INSTANTS))


CALENDAR: dict[type[exp.Expr], Rewrite] = {
    exp.Cast: cast, exp.Date: to_date, exp.DateAdd: shift_date, exp.DateDiff: diff_dates,
    exp.DateSub: shift_date, exp.DateTrunc: truncate_date, exp.Extract: extract,
    exp.TimestampAdd: shift_instant, exp.TimestampDiff: diff_instants, exp.TimestampSub: shift_instant,
    exp.TryCast: cast, exp.UnixMillis: unix_time, exp.UnixSeconds: unix_time,
}  # fmt: skip
