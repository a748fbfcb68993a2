"""Functions and clauses of BigQuery's SQL that were checked to give the same results on DuckDB."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from shared.errors import InvalidStatement

FUNCTIONS: dict[str, type[exp.Expr]] = {
    "ABS": exp.Abs, "ARRAY_LENGTH": exp.ArraySize, "AVG": exp.Avg, "CASE": exp.Case, "CAST": exp.Cast,
    "CEIL": exp.Ceil, "COALESCE, IFNULL": exp.Coalesce, "CONCAT": exp.Concat, "COUNT": exp.Count,
    "COUNTIF": exp.CountIf, "DATE": exp.Date, "DATE_ADD": exp.DateAdd, "DATE_DIFF": exp.DateDiff,
    "DATE_SUB": exp.DateSub, "DATE_TRUNC": exp.DateTrunc, "DENSE_RANK": exp.DenseRank, "DIV": exp.IntDiv,
    "ENDS_WITH": exp.EndsWith, "EXTRACT": exp.Extract, "FLOOR": exp.Floor, "GREATEST": exp.Greatest,
    "IF": exp.If, "INSTR, STRPOS": exp.StrPosition, "IS_INF": exp.IsInf, "IS_NAN": exp.IsNan, "LAG": exp.Lag,
    "LEAD": exp.Lead, "LEAST": exp.Least, "LENGTH": exp.Length, "LOGICAL_AND": exp.LogicalAnd,
    "LOGICAL_OR": exp.LogicalOr, "LOWER": exp.Lower, "MAX": exp.Max, "MAX_BY": exp.ArgMax, "MIN": exp.Min,
    "MIN_BY": exp.ArgMin, "MOD": exp.Mod, "NULLIF": exp.Nullif, "RANK": exp.Rank,
    "REGEXP_CONTAINS": exp.RegexpLike, "REPLACE": exp.Replace, "REVERSE": exp.Reverse, "ROUND": exp.Round,
    "ROW_NUMBER": exp.RowNumber, "SAFE_CAST": exp.TryCast, "SAFE_DIVIDE": exp.SafeDivide, "SIGN": exp.Sign,
    "SQRT": exp.Sqrt, "STARTS_WITH": exp.StartsWith, "SUBSTR": exp.Substring, "SUM": exp.Sum,
    "TIMESTAMP_ADD": exp.TimestampAdd, "TIMESTAMP_DIFF": exp.TimestampDiff, "TIMESTAMP_SUB": exp.TimestampSub,
    "TRIM": exp.Trim, "TRUNC": exp.Trunc, "UNIX_MILLIS": exp.UnixMillis, "UNIX_SECONDS": exp.UnixSeconds,
    "UNNEST": exp.Unnest, "UPPER": exp.Upper,
}  # fmt: skip
"""Name in BigQuery, and its sqlglot class."""

CLAUSES: tuple[type[exp.Expr], ...] = (
    exp.Add, exp.Alias, exp.All, exp.And, exp.Array, exp.Between, exp.Boolean, exp.Bracket, exp.CTE,
    exp.Column, exp.Cube, exp.DPipe, exp.DataType, exp.DataTypeParam, exp.Distinct, exp.Div, exp.EQ,
    exp.Except, exp.Exists, exp.From, exp.GT, exp.GTE, exp.Group, exp.Having, exp.Identifier, exp.In,
    exp.Intersect, exp.Interval, exp.Is, exp.Join, exp.LT, exp.LTE, exp.Like, exp.Limit, exp.Literal,
    exp.Mul, exp.NEQ, exp.Neg, exp.Not, exp.Null, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Offset, exp.Or,
    exp.Order, exp.Ordered, exp.Parameter, exp.Paren, exp.Qualify, exp.RawString, exp.Select, exp.Star,
    exp.Sub, exp.Subquery, exp.Table, exp.TableAlias, exp.Tuple, exp.Union, exp.Var, exp.WeekStart,
    exp.Where, exp.Window, exp.WindowSpec, exp.With,
)  # fmt: skip

_CHECKED = frozenset([*CLAUSES, *FUNCTIONS.values()])


def refuse_unchecked(tree: exp.Expr) -> None:
    """Raise ``InvalidStatement`` with the name of the first part of a query that was not checked."""
    for node in tree.walk():
        if type(node) not in _CHECKED:
            raise unsupported(name_of(node))
        for reason in _unchecked_forms(node):
            raise unsupported(reason)


def unsupported(part: str) -> InvalidStatement:
    return InvalidStatement(
        f"{part} is not supported on the embedded backend; expected {', '.join(FUNCTIONS)}"
    )


def name_of(node: exp.Expr) -> str:
    """Return the name of a part as in the query."""
    if isinstance(node, exp.Anonymous):
        return str(node.name).upper()
    if isinstance(node, exp.Func):
        return str(node.sql(dialect="bigquery")).split("(")[0].split(" ")[0].upper()
    return str(type(node).key).upper()


def _unchecked_forms(node: exp.Expr) -> Iterator[str]:
    """Yield the forms of a checked part that were not checked."""
    args = node.args
    if isinstance(node, exp.Trim) and (args.get("expression") or args.get("position")):
        yield "TRIM of other characters, LTRIM or RTRIM"
    if isinstance(node, exp.StrPosition) and (args.get("position") or args.get("occurrence")):
        yield "INSTR with a position"
    if isinstance(node, exp.Trunc | exp.Floor | exp.Ceil) and (args.get("decimals") or args.get("to")):
        yield f"{name_of(node)} with digits"
    if isinstance(node, exp.Cast) and (args.get("format") or args.get("default")):
        yield "CAST with FORMAT"
    if isinstance(node, exp.Cube) or args.get("cubes") or args.get("rollup") or args.get("grouping_sets"):
        yield "CUBE, ROLLUP or GROUPING SETS"
    if isinstance(node, exp.Join) and (args.get("using") or args.get("method")):
        yield "JOIN with USING or NATURAL"
    if isinstance(node, exp.Select) and (args.get("kind") or args.get("pivots") or args.get("sample")):
        yield "SELECT AS STRUCT or AS VALUE"
    if isinstance(node, exp.Star) and (args.get("replace") or args.get("rename")):
        yield "SELECT * REPLACE"
    if isinstance(node, exp.WindowSpec) and args.get("exclude"):
        yield "EXCLUDE"
    if isinstance(node, exp.Array) and any(isinstance(e, exp.Query) for e in node.expressions):
        yield "ARRAY of a query"
    if isinstance(node, exp.With) and args.get("recursive"):
        yield "WITH RECURSIVE"
    if isinstance(node, exp.Ordered) and args.get("with_fill"):
        yield "WITH FILL"
    if isinstance(node, exp.Order) and isinstance(node.parent, exp.AggFunc):
        yield "ORDER BY in an aggregate"
    if isinstance(node, exp.Table) and (args.get("sample") or args.get("pivots") or args.get("version")):
        yield "TABLESAMPLE, PIVOT or FOR SYSTEM_TIME"
    if isinstance(node, exp.Var) and isinstance(node.parent, exp.Bracket):
        yield "this subscript"
