"""What every command line of the product shares: exit codes, JSON, tables, the way out."""

from __future__ import annotations

import json
import logging
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from shared.errors import AppError

if TYPE_CHECKING:
    from shared.backends import Backend

DONE, FINDING, CRITICAL, USAGE, CRASH = 0, 1, 2, 64, 70

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Systems = Annotated[str | None, typer.Option(help="Only these systems, comma-separated.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done and write nothing.")]


def program(about: str) -> typer.Typer:
    return typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=about)


def run(app: typer.Typer, name: str) -> int:
    """Run a command line and give its exit code."""
    errors = Console(stderr=True, highlight=False)
    logging.getLogger("props").addHandler(logging.NullHandler())  # commands say themselves what became of it
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = app(standalone_mode=False)
    except AppError as exc:
        errors.print(f"{name}: {exc}", style="red", markup=False)
        return FINDING
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except Exception as exc:  # noqa: BLE001  the last edge: usage errors and crashes become exit codes
        if hasattr(exc, "format_message"):
            errors.print(f"{name}: {exc.format_message()}; see --help", style="red", markup=False)
            return USAGE
        traceback.print_exc()
        return CRASH
    return int(code or DONE)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    """Leave by the ordinary way out, so that services that were started are stopped."""
    raise SystemExit(143)


def backend() -> Backend:
    from shared.backends import BackendSettings, connect

    return connect(BackendSettings())


def systems_of(text: str | None, known: Sequence[str] | None = None) -> tuple[str, ...] | None:
    """System ids from a comma-separated option; ``BadParameter`` names one that is not ``known``."""
    from shared.domain.systems.catalog import SYSTEM_IDS

    known = known or SYSTEM_IDS
    if text is None:
        return None
    named = tuple(dict.fromkeys(s.strip() for s in text.split(",") if s.strip()))
    unknown = [s for s in named if s not in known]
    if unknown or not named:
        came = repr(unknown[0]) if unknown else "none"
        raise typer.BadParameter(f"--systems: {came}, wanted some of {', '.join(known)}")
    return named


def print_json(value: object) -> None:
    """One object on standard output, whatever the terminal is."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def print_lines(lines: Sequence[str]) -> None:
    out = Console(highlight=False)
    for line in lines:
        out.print(line, markup=False, soft_wrap=True)


def warn(line: str) -> None:
    """Beside the result, which may be JSON."""
    Console(stderr=True, highlight=False).print(line, style="yellow", markup=False, soft_wrap=True)


def show(as_json: bool, value: object, lines: Sequence[str]) -> None:
    if as_json:
        print_json(value)
    else:
        print_lines(lines)


def print_table(title: str | None, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table for a person: numbers to the right, None as a dash; only the last column may wrap."""
    table = Table(title=title, box=box.SIMPLE_HEAD, title_justify="left", pad_edge=False)
    for i, name in enumerate(columns):
        numeric = bool(rows) and all(isinstance(r[i], int | float | None) for r in rows)
        last = i == len(columns) - 1
        table.add_column(
            name,
            justify="right" if numeric else "left",
            overflow="fold",
            no_wrap=not last,
            ratio=1 if last else None,
        )
    for row in rows:
        table.add_row(*(_cell(value) for value in row))
    Console(highlight=False).print(table)


_COLOURS = {
    "OK": "green", "SUCCESS": "green", "GREEN": "green", "ready": "green",
    "HEALTHY": "green", "WATCH": "yellow", "RETRAIN": "red",
    "WARNING": "yellow", "PARTIAL": "yellow", "YELLOW": "yellow", "not yet due": "yellow",
    "CRITICAL": "red", "FAILED": "red", "RED": "red", "REFUSED_MLFS": "red", "STARTED": "red",
    "broken": "red",
}  # fmt: skip


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    text = f"{value:.3f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
    colour = _COLOURS.get(text)
    return f"[{colour}]{text}[/]" if colour else text.replace("[", "\\[")
