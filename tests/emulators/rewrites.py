"""Changes to files of local-bigquery 0.4.0 where Python 3.11 or DuckDB 1.5 would not do as it means."""

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
# MERGE learns whether a transaction is open by beginning one, which in DuckDB 1.5 aborts the open one.
# Two statements of one transaction agree on when it began, those outside of any do not.
MERGE_IN_A_TRANSACTION = Rewrite(
    path="jobs/merge.py",
    before="1c5c185796ba133479377ce5f46154527fd7f493f97f48dba70298e1ddaf42bb",
    after="f168bc1c8a54e3e734bd720ccddcdbddd5b5830d4661ee73c7fed7e0dfb776ce",
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
    yield MERGE_IN_A_TRANSACTION


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
