"""Expressions of BigQuery's SQL with the ends of their arguments, by function: asked of both, they agree.

An error of both is agreement too. ``v`` stands for a table of one row per odd value (see ``VALUES``).
"""

from __future__ import annotations

VALUES = """
WITH v AS (
  SELECT 0 AS i, 1.5 AS f, 'abc' AS s, DATE '2025-03-19' AS d, TIMESTAMP '2025-03-19 23:30:00.123456+00' AS t, TRUE AS b
  UNION ALL SELECT NULL, NULL, NULL, NULL, NULL, NULL
  UNION ALL SELECT -7, -2.5, '', DATE '1969-12-31', TIMESTAMP '1969-12-31 23:59:59.500000+00', FALSE
  UNION ALL SELECT 9223372036854775807, 1e308, 'Đurišić \U0001f3c0', DATE '9999-12-31', TIMESTAMP '9999-12-31 23:59:59.999999+00', TRUE
  UNION ALL SELECT -9223372036854775807, CAST('nan' AS FLOAT64), ' a ', DATE '0001-01-01', TIMESTAMP '0001-01-01 00:00:00+00', FALSE
  UNION ALL SELECT 2147483647, CAST('inf' AS FLOAT64), '12', DATE '2024-12-29', TIMESTAMP '2024-02-29 12:00:00+00', NULL
  UNION ALL SELECT 3, -0.0, 'a%_\\\\b', DATE '2024-02-29', TIMESTAMP '2024-12-31 00:00:00.001+00', TRUE
  UNION ALL SELECT 2, CAST('-inf' AS FLOAT64), '-0x1F', DATE '2025-01-01', TIMESTAMP '1970-01-01 00:00:00+00', FALSE
)
"""

BY_ROW: dict[str, tuple[str, ...]] = {
    "+": ("i + 0", "f + 1", "f + f", "2147483647 + 1"),
    "-": ("i - 1", "-f", "f - f", "-i"),
    "*": ("f * 2", "i * 0", "65536 * 65536"),
    "/": ("1 / 2", "f / 2", "i / 4", "f / 0.5", "1 / NULLIF(i, 0)"),
    "= != < <= > >=": (
        "f = f", "f != f", "f < 1", "f >= 1.5", "f > f", "i = 3", "s = 'abc'", "s < 'b'", "d < DATE '2025-01-01'",
        "t >= TIMESTAMP '2024-12-31 00:00:00+00'", "b = TRUE", "f <= CAST('nan' AS FLOAT64)",
        "f != CAST('nan' AS FLOAT64)", "f = 0",
    ),
    "BETWEEN": ("f BETWEEN -3 AND 2", "i BETWEEN 0 AND 3", "f NOT BETWEEN 0 AND 1", "s BETWEEN 'a' AND 'b'"),
    "IN": ("f IN (1.5, -2.5)", "f NOT IN (1.5, CAST('nan' AS FLOAT64))", "i IN (0, 3, NULL)", "s IN ('', '12')"),
    "IS [NOT] NULL, TRUE, DISTINCT FROM": (
        "f IS NULL", "s IS NOT NULL", "b IS TRUE", "b IS NOT FALSE", "f IS DISTINCT FROM 1.5", "i IS NOT DISTINCT FROM NULL",
    ),
    "AND OR NOT": ("b AND i > 0", "b OR i > 0", "NOT b", "NULL AND FALSE"),
    "LIKE": ("s LIKE 'a%'", "s LIKE '%\\\\%%'", "s NOT LIKE '_b_'", "s LIKE ''"),
    "||": ("s || 'x'", "s || s"),
    "literals": ("1.5", "1e3", "9223372036854775807", "'it\\'s'", "r'\\d'", "NULL", "DATE '2024-02-29'", "'\\u00e9'"),
    "[OFFSET()], [ORDINAL()], [SAFE_]": (
        "[1, 2][OFFSET(0)]", "[1, 2][ORDINAL(2)]", "[1, 2][SAFE_OFFSET(5)]", "[1, 2][SAFE_ORDINAL(0)]",
        "[1, 2][SAFE_OFFSET(-1)]", "['a', 'b'][OFFSET(1)]",
    ),
    "ABS": ("ABS(f)", "ABS(i)"),
    "ARRAY_LENGTH": ("ARRAY_LENGTH([1, 2])", "ARRAY_LENGTH(ARRAY<INT64>[])"),
    "CASE": ("CASE WHEN f > 1 THEN 'a' WHEN b THEN 'b' END", "CASE i WHEN 3 THEN 1 ELSE 2 END"),
    "CAST": (
        "CAST(i AS STRING)", "CAST(b AS STRING)", "CAST(d AS STRING)", "CAST(i AS FLOAT64)", "CAST('12' AS INT64)",
        "CAST(2.5 AS INT64)", "CAST(-2.5 AS INT64)", "CAST(1.5 AS INT64)", "CAST(t AS DATE)", "CAST(d AS TIMESTAMP)",
        "CAST(b AS INT64)", "CAST(i AS BOOL)", "CAST('2024-02-29' AS DATE)", "CAST(NULL AS INT64)",
    ),
    "SAFE_CAST": (
        "SAFE_CAST('12' AS INT64)", "SAFE_CAST('1.5' AS INT64)", "SAFE_CAST('' AS INT64)", "SAFE_CAST('1_000' AS INT64)",
        "SAFE_CAST('abc' AS INT64)", "SAFE_CAST('9223372036854775808' AS INT64)", "SAFE_CAST('+5' AS INT64)",
        "SAFE_CAST(f AS INT64)", "SAFE_CAST('2024-02-30' AS DATE)", "SAFE_CAST('1e2' AS INT64)",
    ),
    "CEIL": ("CEIL(f)", "CEIL(-0.5)"),
    "FLOOR": ("FLOOR(f)", "FLOOR(3)"),
    "TRUNC": ("TRUNC(f)", "TRUNC(-1.7)"),
    "COALESCE, IFNULL": ("COALESCE(f, 0)", "IFNULL(s, 'none')", "COALESCE(NULL, i, 1)"),
    "CONCAT": ("CONCAT(s, '-', s)", "CONCAT('a', NULL)"),
    "DATE": ("DATE(t)", "DATE(TIMESTAMP '2025-03-19 23:59:59+00')", "DATE('2025-03-19')"),
    "DATE_ADD": (
        "DATE_ADD(DATE '2024-01-31', INTERVAL 1 MONTH)", "DATE_ADD(DATE '2024-02-29', INTERVAL 1 YEAR)",
        "DATE_ADD(DATE '2024-12-31', INTERVAL 1 DAY)", "DATE_ADD(DATE '2024-12-31', INTERVAL 1 WEEK)",
        "DATE_ADD(DATE '2024-11-30', INTERVAL 1 QUARTER)", "DATE_ADD(DATE '2024-01-01', INTERVAL -1 DAY)",
    ),
    "DATE_SUB": ("DATE_SUB(DATE '2024-03-31', INTERVAL 1 MONTH)", "DATE_SUB(DATE '2024-03-01', INTERVAL 1 DAY)"),
    "DATE_DIFF": (
        "DATE_DIFF(d, DATE '2024-12-29', DAY)", "DATE_DIFF(d, DATE '2024-12-28', WEEK)", "DATE_DIFF(d, DATE '2024-12-31', MONTH)",
        "DATE_DIFF(d, DATE '2024-12-31', YEAR)", "DATE_DIFF(d, DATE '2024-12-31', QUARTER)",
    ),
    "DATE_TRUNC": (
        "DATE_TRUNC(d, MONTH)", "DATE_TRUNC(DATE '2024-12-31', WEEK)", "DATE_TRUNC(DATE '2024-12-29', WEEK)",
        "DATE_TRUNC(d, YEAR)", "DATE_TRUNC(d, QUARTER)", "DATE_TRUNC(d, DAY)",
    ),
    "DIV": ("DIV(i, 2)", "DIV(-7, 2)", "DIV(7, -2)"),
    "MOD": ("MOD(i, 2)", "MOD(-7, 3)", "MOD(7, -3)"),
    "ENDS_WITH": ("ENDS_WITH(s, 'c')", "ENDS_WITH(s, '')"),
    "STARTS_WITH": ("STARTS_WITH(s, 'a')", "STARTS_WITH('a', NULL)"),
    "EXTRACT": (
        "EXTRACT(YEAR FROM d)", "EXTRACT(MONTH FROM d)", "EXTRACT(DAY FROM d)", "EXTRACT(DAYOFWEEK FROM d)",
        "EXTRACT(DAYOFYEAR FROM d)", "EXTRACT(WEEK FROM d)", "EXTRACT(ISOWEEK FROM d)", "EXTRACT(ISOYEAR FROM d)",
        "EXTRACT(QUARTER FROM d)", "EXTRACT(HOUR FROM t)", "EXTRACT(MINUTE FROM t)", "EXTRACT(SECOND FROM t)",
        "EXTRACT(MILLISECOND FROM t)", "EXTRACT(MICROSECOND FROM t)", "EXTRACT(DATE FROM t)", "EXTRACT(DAYOFWEEK FROM t)",
    ),
    "GREATEST": ("GREATEST(f, 1)", "GREATEST(i, 1, 2)", "GREATEST('a', s)"),
    "LEAST": ("LEAST(f, 1)", "LEAST(i, NULL)", "LEAST(d, DATE '2024-01-01')"),
    "IF": ("IF(f > 1, 'a', 'b')", "IF(b, i, NULL)"),
    "INSTR, STRPOS": ("STRPOS(s, 'b')", "INSTR('banana', 'an')", "STRPOS(s, '')", "STRPOS('', 'a')"),
    "IS_INF": ("IS_INF(f)",),
    "IS_NAN": ("IS_NAN(f)",),
    "LENGTH": ("LENGTH(s)", "LENGTH('')"),
    "LOWER": ("LOWER(s)", "LOWER('ÀÉ')"),
    "UPPER": ("UPPER(s)", "UPPER('đ')"),
    "NULLIF": ("NULLIF(i, 3)", "NULLIF(s, '')"),
    "REGEXP_CONTAINS": ("REGEXP_CONTAINS(s, r'^a')", "REGEXP_CONTAINS(s, r'[0-9]+$')", "REGEXP_CONTAINS(s, '')"),
    "REPLACE": ("REPLACE(s, 'a', 'xy')", "REPLACE(s, '', 'x')", "REPLACE('aaa', 'aa', 'a')"),
    "REVERSE": ("REVERSE(s)",),
    "ROUND": ("ROUND(f)", "ROUND(2.5)", "ROUND(-2.5)", "ROUND(0.5)", "ROUND(3.14159, 2)", "ROUND(-1.255, 1)", "ROUND(12.5, 0)"),
    "SAFE_DIVIDE": ("SAFE_DIVIDE(1, 0)", "SAFE_DIVIDE(f, 0)", "SAFE_DIVIDE(f, 2)", "SAFE_DIVIDE(i, 3)"),
    "SIGN": ("SIGN(f)", "SIGN(i)"),
    "SQRT": ("SQRT(4)", "SQRT(ABS(f))"),
    "SUBSTR": (
        "SUBSTR(s, 0)", "SUBSTR(s, 2)", "SUBSTR(s, -2)", "SUBSTR(s, -99)", "SUBSTR('abcdef', 2, 3)", "SUBSTR('abc', 0, 2)",
        "SUBSTR('abc', 5)", "SUBSTR('abc', -2, 1)", "SUBSTR('abc', 1, 0)", "SUBSTR(s, NULL)",
    ),
    "TRIM": ("TRIM(s)", "TRIM('\\t a\\n')"),
    "TIMESTAMP_ADD": ("TIMESTAMP_ADD(TIMESTAMP '2024-02-28 23:30:00+00', INTERVAL 1 HOUR)", "TIMESTAMP_ADD(TIMESTAMP '1969-12-31 23:59:59+00', INTERVAL 1500 MILLISECOND)"),
    "TIMESTAMP_SUB": ("TIMESTAMP_SUB(TIMESTAMP '2024-03-01 00:00:00+00', INTERVAL 1 DAY)",),
    "TIMESTAMP_DIFF": (
        "TIMESTAMP_DIFF(t, TIMESTAMP '2025-03-19 22:31:00+00', HOUR)", "TIMESTAMP_DIFF(t, TIMESTAMP '1970-01-01 00:00:00+00', SECOND)",
        "TIMESTAMP_DIFF(t, TIMESTAMP '2024-12-31 00:00:00+00', DAY)", "TIMESTAMP_DIFF(t, TIMESTAMP '2024-12-31 00:00:00+00', MINUTE)",
    ),
    "UNIX_MILLIS": ("UNIX_MILLIS(t)",),
    "UNIX_SECONDS": ("UNIX_SECONDS(t)",),
}  # fmt: skip
"""One column of a query over ``v`` each."""

QUERIES: dict[str, tuple[str, ...]] = {
    "AVG": ("SELECT AVG(i) FROM v WHERE i < 10 AND i > -10", "SELECT AVG(f) FROM v", "SELECT AVG(f) FROM v WHERE FALSE"),
    "COUNT": ("SELECT COUNT(*), COUNT(f), COUNT(DISTINCT f), COUNT(DISTINCT s) FROM v", "SELECT COUNT(*) FROM v WHERE FALSE"),
    "COUNTIF": ("SELECT COUNTIF(b) FROM v", "SELECT COUNTIF(b) FROM v WHERE FALSE", "SELECT COUNTIF(f > 0) AS n FROM v"),
    "LOGICAL_AND": ("SELECT LOGICAL_AND(b) FROM v", "SELECT LOGICAL_AND(b) FROM v WHERE FALSE"),
    "LOGICAL_OR": ("SELECT LOGICAL_OR(b) FROM v", "SELECT LOGICAL_OR(b) FROM v WHERE FALSE"),
    "MAX": ("SELECT MAX(f), MAX(i), MAX(s), MAX(d), MAX(t), MAX(b) FROM v", "SELECT MAX(f) FROM v WHERE FALSE"),
    "MIN": ("SELECT MIN(f), MIN(i), MIN(s), MIN(d), MIN(t), MIN(b) FROM v", "SELECT MIN(f) FROM v WHERE f > 0"),
    "MAX_BY": ("SELECT MAX_BY(s, d) FROM v", "SELECT MAX_BY(s, d) FROM v WHERE FALSE"),
    "MIN_BY": ("SELECT MIN_BY(s, d) FROM v",),
    "SUM": (
        "SELECT SUM(i) FROM v WHERE i < 10 AND i > -10", "SELECT SUM(i) FROM v WHERE i > 3", "SELECT SUM(f) FROM v",
        "SELECT SUM(f) FROM v WHERE FALSE", "SELECT SUM(i) FROM v WHERE i > 2147483646 UNION ALL SELECT 1",
        "SELECT SUM(i) FROM (SELECT 9223372036854775807 AS i UNION ALL SELECT 1)",
    ),
    "DENSE_RANK": ("SELECT b, DENSE_RANK() OVER (ORDER BY b) FROM v",),
    "RANK": ("SELECT f, RANK() OVER (ORDER BY f), RANK() OVER (ORDER BY f DESC) FROM v",),
    "ROW_NUMBER": ("SELECT i, ROW_NUMBER() OVER (PARTITION BY b ORDER BY i DESC) FROM v",),
    "LAG": ("SELECT i, LAG(i) OVER (ORDER BY i), LAG(s, 2, 'none') OVER (ORDER BY i) FROM v",),
    "LEAD": ("SELECT i, LEAD(i) OVER (ORDER BY i), LEAD(s, 2, 'none') OVER (ORDER BY i) FROM v",),
    "UNNEST": (
        "SELECT x, o FROM UNNEST(['a', 'b']) AS x WITH OFFSET AS o", "SELECT x FROM UNNEST([3, 4]) AS x WITH OFFSET AS o WHERE o = 1 ORDER BY o", "SELECT x FROM UNNEST([1, 2]) AS x ORDER BY x DESC",
        "SELECT COUNT(*) FROM UNNEST(ARRAY<INT64>[]) AS x", "SELECT i FROM v WHERE i IN (SELECT x FROM UNNEST([0, 3]) AS x)",
    ),
    "ORDER BY": ("SELECT f FROM v ORDER BY f", "SELECT f FROM v ORDER BY f DESC", "SELECT s FROM v ORDER BY s DESC", "SELECT i FROM v ORDER BY i LIMIT 2 OFFSET 1",
                 "SELECT f FROM v ORDER BY f NULLS LAST", "SELECT f, i FROM v ORDER BY 1 DESC, 2"),
    "GROUP BY, HAVING, DISTINCT, UNION": (
        "SELECT f IS NULL, COUNT(*) FROM v GROUP BY 1", "SELECT DISTINCT b FROM v", "SELECT b, COUNT(*) AS n FROM v GROUP BY b HAVING COUNT(*) > 1",
        "SELECT i FROM v UNION DISTINCT SELECT 3", "SELECT i FROM v EXCEPT DISTINCT SELECT 3",
        "SELECT i, f FROM v QUALIFY ROW_NUMBER() OVER (ORDER BY i DESC) = 1",
    ),
    "JOIN": (
        "SELECT a.f, b.i FROM v AS a JOIN v AS b ON a.f = b.f", "SELECT a.i, b.s FROM v AS a LEFT JOIN v AS b ON a.i = b.i AND b.b",
        "SELECT COUNT(*) FROM v AS a CROSS JOIN v AS b WHERE a.f < b.f",
    ),
    "errors": (
        "SELECT 1 / 0", "SELECT f / 0 FROM v WHERE f = 1.5", "SELECT DIV(1, 0)", "SELECT MOD(1, 0)", "SELECT 9223372036854775807 + 1",
        "SELECT -9223372036854775807 - 2", "SELECT 9223372036854775807 * 2", "SELECT 1e308 * 10", "SELECT [1, 2][OFFSET(2)]",
        "SELECT [1, 2][ORDINAL(0)]", "SELECT CAST('x' AS INT64)", "SELECT SQRT(-1)", "SELECT DATE_ADD(DATE '9999-12-31', INTERVAL 1 DAY)",
        "SELECT SUBSTR('abc', 1, -1)", "SELECT CAST('2024-02-30' AS DATE)", "SELECT CAST(CAST('nan' AS FLOAT64) AS INT64)",
    ),
    "names of columns": ("SELECT 1, 2 AS x, 3", "SELECT COUNT(*), MAX(i) FROM v", "SELECT i, i + 0, f FROM v WHERE i = 3", "SELECT 1 UNION ALL SELECT 2"),
}  # fmt: skip
"""Whole queries, most of them over ``v``."""

REFUSED: tuple[str, ...] = (
    "FORMAT('%5.2f', 1.5)", "CAST(1.5 AS STRING)", "CAST(TIMESTAMP '2024-01-01 00:00:00+00' AS STRING)", "INSTR('banana', 'an', -1)",
    "SPLIT('a,b', ',')", "STRING_AGG('a')", "ARRAY_AGG(1)", "APPROX_COUNT_DISTINCT(1)", "GENERATE_ARRAY(1, 3)", "STRUCT(1, 2)",
    "SAFE.SUBSTR('abc', 1, -1)", "TIMESTAMP_TRUNC(TIMESTAMP '2024-01-01 00:00:00+00', DAY)", "FORMAT_DATE('%Y', DATE '2024-01-01')",
    "PARSE_DATE('%Y', '2024')", "NUMERIC '1.5'", "CAST(1 AS NUMERIC)", "b'x'", "JSON '1'", "TO_JSON_STRING(1)", "FARM_FINGERPRINT('a')",
    "SHA256('a')", "RAND()", "CURRENT_TIMESTAMP()", "CURRENT_DATE()", "LPAD('a', 3)", "REGEXP_EXTRACT('a', 'a')", "REGEXP_REPLACE('a', 'a', 'b')",
    "LTRIM('a')", "EXTRACT(HOUR FROM TIMESTAMP '2024-01-01 00:00:00+00' AT TIME ZONE 'America/New_York')", "DATE(2024, 1, 2)",
    "EXTRACT(WEEK(MONDAY) FROM DATE '2024-01-01')", "ROUND(15.0, -1)", "EXP(1)", "LN(2)", "POW(2, 3)", "STDDEV(1)", "ANY_VALUE(1)",
    "IEEE_DIVIDE(1, 0)", "GENERATE_UUID()", "CORR(1.0, 2.0)", "1 & 2", "ARRAY(SELECT 1)", "FIRST_VALUE(1) OVER ()", "PERCENTILE_CONT(1.0, 0.5) OVER ()",
)  # fmt: skip
"""Expressions that BigQuery knows and the embedded backend does not."""
