"""Runs a program of the product in a process of its own, without importing its libraries again each time.

A server process imports them once and forks for every program. Each fork has its own environment, folder and
output, ends as the program would, and can be killed by itself.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from docs_tools.transcripts import TIMEOUT_SECONDS, run_in_shell, strip_blanks
from tests.trained_once import fits_once

PRELOADED = (
    "tests.no_terminal",  # before anything that imports duckdb
    "backfill_jobs.cli.main",
    "shared.application.prediction.predict",
    "shared.application.queries.sql",
    "shared.backends",
    "shared.embedded.dead_letters",
    "shared.embedded.duckdb_warehouse",
    "tests.trained_once",
    "typer._adapters",
)


def run_program(
    module: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    seconds: float = 300.0,
    merge_output: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m module arguments`` in a folder; a program that takes longer is asked to end.

    With ``merge_output`` standard error goes where standard output goes. Raises ``TimeoutExpired``.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(PRELOADED))
    with TemporaryDirectory() as written:
        out, err = Path(written, "out"), Path(written, "err")
        err.touch()
        process = context.Process(
            target=_program,
            args=(module, list(arguments), dict(environment), folder, out, None if merge_output else err),
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
    module: str, arguments: list[str], environment: dict[str, str], folder: Path, out: Path, err: Path | None
) -> None:
    for stream, path in ((sys.stdout, out), (sys.stderr, err)):
        stream.flush()
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) if path else sys.stdout.fileno()
        os.dup2(opened, stream.fileno())
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = [module, *arguments]
    sys.modules.pop(module, None)  # it is run, not imported
    with fits_once():
        runpy.run_module(module, run_name="__main__", alter_sys=True)


QUOTED = re.compile(r"""'[^']*'|"[^"$`\\]*\"""")
SHELL_SYNTAX = re.compile(r"[|<>&;$`*?~\\(){}#]")


def run_command(command: str, folder: Path, environment: Mapping[str, str]) -> tuple[int, str]:
    """Run a command of a page: ``props`` with plain arguments as a fork, everything else in bash."""
    unquoted = QUOTED.sub("", command.partition(" # exits ")[0])
    words = [] if SHELL_SYNTAX.search(unquoted) else shlex.split(command, comments=True)
    if words[:1] != ["props"]:
        return run_in_shell(command, folder, environment)
    ended = run_program(
        "backfill_jobs.cli.main", words[1:], environment, folder, TIMEOUT_SECONDS, merge_output=True
    )
    return ended.returncode, strip_blanks(ended.stdout)
