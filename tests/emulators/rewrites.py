"""Changes to local-bigquery 0.4.0: for Python 3.11, for DuckDB 1.5, and to be told from BigQuery less."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Rewrite:
    """Replaced text of one file, with the file's sha256 before and after."""

    path: str
    before: str
    after: str
    changes: tuple[tuple[str, str], ...]


GENERIC_FUNCTIONS = Rewrite(
    path="catalog/metadata.py",
    before="32d3d98881a0ba7ff1392f333477d2443c72821782af8dbed1b193463d7a72af",
    after="ed96240a220d14eaee59642c517b29aad6d50e117eba7c82b382388a5c13d84f",
    changes=(
        ("import time\n", "import time\nfrom typing import TypeVar\n"),
        ("\n\nclass Index(", '\nR = TypeVar("R", bound=Resource)\n\n\nclass Index('),
        ("def list_[R: Resource](", "def list_("),
        ("def load[R: Resource](", "def load("),
        ("def save[R: Resource](", "def save("),
    ),
)
NESTED_QUOTES = Rewrite(
    path="engine/results.py",
    before="3c47e6e396e1265a60551e70e301bee39a59ca20ebfffffa98f48495c58d5842",
    after="cb7780464133c53ed78601a197273637f8ce40f659bdc7baba7761d34533b4a3",
    changes=(
        ('column}"\n    return (\n', 'column}".replace("\'", "\'\'")\n    return (\n'),
        ("""error('{message.replace("'", "''")}')""", "error('{message}')"),
    ),
)
# In DuckDB 1.5 a BEGIN inside a transaction aborts it, so MERGE may not ask by beginning one: two statements
# of one transaction agree on when it began, those outside of any do not. And the filter on the partition that
# a MERGE has in its conditions is to be found where the filter of a query is. ``SET x = NULL`` is no comparison.
MERGE = Rewrite(
    path="jobs/merge.py",
    before="1c5c185796ba133479377ce5f46154527fd7f493f97f48dba70298e1ddaf42bb",
    after="1b64909fb7d4653e8216657ecf00893bd5832df0b80a6be75b8deab152e587c8",
    changes=(
        (
            "    try:\n"
            '        cur.execute("BEGIN")\n'
            "        owned = True\n"
            "    except duckdb.TransactionException:\n"
            "        owned = False\n",
            '    began = "SELECT epoch_us(transaction_timestamp())"\n'
            "    owned = cur.execute(began).fetchone() != cur.execute(began).fetchone()\n"
            "    if owned:\n"
            '        cur.execute("BEGIN")\n',
        ),
        (
            """JOIN {SOURCE} AS {source_alias} ON {_sql(tree.args['on'])}""",
            """CROSS JOIN {SOURCE} AS {source_alias} WHERE {_sql(tree.args['on'])}""",
        ),
        (
            '", ".join(_sql(e) for e in action.expressions)',
            '", ".join(f"{_sql(e.this)} = {_sql(e.expression)}" for e in action.expressions)',
        ),
        (
            '        execute(\n            f"CREATE OR REPLACE TEMP TABLE {ORPHANS}',
            '        by_source and execute(\n            f"CREATE OR REPLACE TEMP TABLE {ORPHANS}',
        ),
        (
            'NOT IN (SELECT __tid FROM {PAIRS})"\n        )\n        for ',
            'NOT IN (SELECT __tid FROM {PAIRS}) AND {_clause(by_source)} IS NOT NULL"\n        )\n        for ',
        ),
    ),
)
# BigQuery's own words for a transaction that met another one, which clients look for.
CONFLICTS = Rewrite(
    path="errors.py",
    before="7a4891a6c1457c13a441c573cb2a17fde859bf48fde1847e27937af2edf3f20d",
    after="cbe862b6d90e2a71721f461df720cb16b87e218ebfa394a22c1c786e9f13f473",
    changes=(
        (
            '    message = str(error)\n    first = message.split("\\n")[0]\n',
            "    message = str(error)\n"
            '    if "Transaction conflict" in message:\n'
            "        return BigQueryError(\n"
            '            "invalidQuery", "Transaction is aborted due to concurrent update against table"\n'
            "        )\n"
            '    first = message.split("\\n")[0]\n',
        ),
    ),
)


def rewrite(package: Path) -> None:
    """Rewrite the files of an unpacked local-bigquery; once rewritten they are left alone.

    Raises ``ValueError`` for a file of any other content: the changes were made for one version.
    """
    for one in wanted():
        path = package / one.path
        text = path.read_bytes().decode()
        if sha256(text) == one.after:
            continue
        if sha256(text) != one.before:
            raise ValueError(f"{path} is not that of local-bigquery 0.4.0: no changes are known for it")
        for old, new in one.changes:
            text = text.replace(old, new, 1)
        if sha256(text) != one.after:
            raise ValueError(f"{path}: the changes gave {sha256(text)}, not {one.after}")
        path.write_bytes(text.encode())


def wanted() -> Iterator[Rewrite]:
    if sys.version_info < (3, 13):
        yield from (GENERIC_FUNCTIONS, NESTED_QUOTES)
    yield from (MERGE, CONFLICTS)


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
