"""CPU time of reading odds files by the product and by pandas: ``python -m tests.bench.odds_import.reading FOLDER``.

``FOLDER`` is one that ``odds_files`` has written. Both sides alternate in each of three rounds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa

from shared.application.feeds.raw_file import RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import RowKind
from tests.bench.odds_import import pandas_import

ROUNDS = 3


def read(folder: Path) -> pa.Table:
    """Return the quotes of all files of the folder, each recognised and read on its own."""
    raws = [RawFile(path.name, path.read_bytes()) for path in sorted(folder.glob("*.json"))]
    return pa.concat_tables([feed_of(raw).read(raw).tables[RowKind.QUOTES] for raw in raws])


def cpu_seconds(work: Callable[[], Any]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    rounds = [
        (cpu_seconds(lambda: read(folder)), cpu_seconds(lambda: pandas_import.read(folder)))
        for _ in range(ROUNDS)
    ]
    for ours, theirs in rounds:
        print(f"product {ours:.2f} s, pandas {theirs:.2f} s: {theirs / ours:.1f} times")
    print(f"median {median(theirs / ours for ours, theirs in rounds):.1f} times")
