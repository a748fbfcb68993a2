"""Runs a command of the product in this process and kills it with SIGKILL at its n-th write.

``python -m tests.jobs.killer N MODULE ARGUMENTS``: a write is one call of a warehouse, run store or
document method that changes something; odd N die before it, even N after it.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from collections.abc import Callable
from typing import Any

from shared.embedded.documents import SqliteDocuments
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.embedded.run_store import SqliteRunStore

WRITES = {
    DuckDbWarehouse: ("append", "upsert", "transact"),
    SqliteRunStore: ("open", "expect", "advance", "record"),
    SqliteDocuments: ("merge",),
}


def main() -> None:
    at, module, arguments = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    count = 0

    def deadly(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal count
            count += 1
            if count == (at + 1) // 2 and at % 2 == 1:
                os.kill(os.getpid(), signal.SIGKILL)
            result = method(*args, **kwargs)
            if count == at // 2 and at % 2 == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    for kind, names in WRITES.items():
        for name in names:
            setattr(kind, name, deadly(getattr(kind, name)))
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__")


if __name__ == "__main__":
    main()
