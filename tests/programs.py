"""Runs a program of the product in a process of its own, without importing its libraries again each time.

A server process imports them once and forks for every program. Each fork has its own environment, folder and
output, ends as the program would, and can be killed by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import runpy
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

PRELOADED = (
    "backfill_jobs.cli.main",
    "shared.application.prediction.predict",
    "shared.application.queries.sql",
    "shared.backends",
    "shared.embedded.dead_letters",
    "shared.embedded.duckdb_warehouse",
    "typer._adapters",
)


def run_program(
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    seconds: float = 300.0,
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m module arguments`` in a folder; a program that takes longer is asked to end.

    Raises ``TimeoutExpired`` then.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    with TemporaryDirectory() as written:
        out, err = Path(written, "out"), Path(written, "err")
        process = context.Process(
            target=_program, args=(module, list(arguments), dict(environment), folder, out, err)
        )
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.terminate()
            process.join()
            raise subprocess.TimeoutExpired([module, *arguments], seconds)
        return subprocess.CompletedProcess(
            [module, *arguments], process.exitcode, out.read_text(), err.read_text()
        )


def _program(
    module: str, arguments: list[str], environment: dict[str, str], folder: Path, out: Path, err: Path
) -> None:
    for stream, path in ((sys.stdout, out), (sys.stderr, err)):
        stream.flush()
        os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), stream.fileno())
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = [module, *arguments]
    sys.modules.pop(module, None)  # it is run, not imported
    runpy.run_module(module, run_name="__main__", alter_sys=True)
