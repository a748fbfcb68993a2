"""Shared parts of the command line: exit codes, options, error messages."""

from __future__ import annotations

import logging
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup

from shared.domain.game_dates import shorten
from shared.errors import AppError, HeldElsewhere, NotFound, Rejected, Unavailable

if TYPE_CHECKING:
    from shared.backends import Backend

DONE, FINDING, CRITICAL, USAGE, CRASH, INTERRUPTED, TERMINATED = 0, 1, 2, 64, 70, 130, 143
EXITS = {
    DONE: "done",
    FINDING: "a finding, or incomplete work",
    CRITICAL: "a critical finding",
    USAGE: "wrong usage; the message says what is expected",
    CRASH: "a crash: an internal error",
    INTERRUPTED: "ended by Ctrl-C; run the same command again to continue",
    TERMINATED: "ended by SIGTERM; run the same command again to continue",
}
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Systems = Annotated[
    str | None, typer.Option(metavar="SYSTEM,...", help="Only these systems, comma-separated.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done; write nothing.")]


CommandFunction = TypeVar("CommandFunction", bound=Callable[..., Any])


class Command(TyperCommand):
    """A command whose help shows no type for flags, which take no value."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _flags_without_type(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands whose help shows no type for its own flags."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _flags_without_type(super().get_params(ctx))


def _flags_without_type(params: list[Any]) -> list[Any]:
    for param in params:
        if getattr(param, "is_flag", False) and param.metavar is None:
            param.metavar = ""
    return params


class Program(typer.Typer):
    """A command line whose commands show examples in their help."""

    def command(
        self, name: str | None = None, *, examples: Sequence[str] = (), **options: Any
    ) -> Callable[[CommandFunction], CommandFunction]:
        epilog = "\n\n".join(["Examples:", *(f"  {e}" for e in examples)]) if examples else None
        return super().command(name, cls=Command, epilog=epilog, **options)


def program(description: str, epilog: str | None = None) -> Program:
    """Return a command line; ``epilog`` is printed below the list of its commands."""
    return Program(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help=description,
        epilog=epilog,
        cls=Group,
    )


def run(app: typer.Typer, name: str) -> int:
    """Run a command line and return its exit code."""
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    logging.getLogger("props").addHandler(logging.NullHandler())  # commands print their own results
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = app(standalone_mode=False, prog_name=name)
    except AppError as exc:
        errors.print(f"{name}: {exc}", style="red", markup=False)
        if next_step := _next_step(name, exc):
            errors.print(f"-> {next_step}", markup=False)
        return FINDING
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Exception as exc:  # noqa: BLE001  the last edge: usage errors and crashes become exit codes
        if hasattr(exc, "format_message"):
            message, context = exc.format_message().rstrip("."), getattr(exc, "ctx", None)
            errors.print(f"{name}: {message}", style="red", markup=False)
            errors.print(f"-> {context.command_path if context else name} --help", markup=False)
            return USAGE
        if isinstance(exc, OSError) and exc.filename is not None:
            errors.print(f"{name}: {exc.filename}: {exc.strerror}", style="red", markup=False)
            return USAGE
        if messages := _settings_errors(exc):
            errors.print(*(f"{name}: {message}" for message in messages), sep="\n", style="red", markup=False)
            errors.print("-> all variables are explained in docs/reference/settings.md", markup=False)
            return USAGE
        traceback.print_exc()
        errors.print(f"{name}: internal error, see the traceback above", style="red", markup=False)
        return CRASH
    return int(code or DONE)


GROUPS_WITH_LIST = frozenset({"runs", "models", "deadletters"})
"""Groups whose ``list`` command shows the ids that their other commands accept."""


def _next_step(name: str, exc: AppError) -> str | None:
    """Return advice for an error whose message contains none."""
    if isinstance(exc, HeldElsewhere):
        return None
    if isinstance(exc, Unavailable):
        return f"try again later; {name} doctor shows what is unavailable"
    if isinstance(exc, NotFound) and sys.argv[1:] and sys.argv[1] in GROUPS_WITH_LIST:
        return f"{name} {sys.argv[1]} list"
    return None


def _settings_errors(exc: Exception) -> list[str]:
    """Return one line for each invalid environment variable; empty for any other error."""
    if type(exc).__name__ != "ValidationError" or not str(getattr(exc, "title", "")).endswith("Settings"):
        return []
    errors: list[dict[str, Any]] = exc.errors()  # type: ignore[attr-defined]
    return [": ".join([*(str(part).upper() for part in e["loc"]), e["msg"]]) for e in errors]


def _terminate(_number: int, _frame: FrameType | None) -> None:
    """Exit normally, so that started services are stopped."""
    raise SystemExit(TERMINATED)


def connect_backend() -> Backend:
    from shared.backends import BackendSettings, connect

    return connect(BackendSettings())


def parse_systems(text: str | None, allowed: Sequence[str] | None = None) -> tuple[str, ...] | None:
    """Return system ids from a comma-separated option; ``BadParameter`` names one that is not ``allowed``."""
    from shared.domain.systems.catalog import SYSTEM_IDS

    allowed = allowed or SYSTEM_IDS
    if text is None:
        return None
    systems = tuple(dict.fromkeys(s.strip() for s in text.split(",") if s.strip()))
    unknown = [s for s in systems if s not in allowed]
    if unknown or not systems:
        received = repr(unknown[0]) if unknown else "none"
        raise typer.BadParameter(f"--systems: {received}, expected some of {', '.join(allowed)}")
    return systems


def parse_system(text: str) -> str:
    """Return a system id; ``BadParameter`` for an unknown one."""
    from shared.domain.systems.catalog import SYSTEM_IDS

    if text not in SYSTEM_IDS:
        raise typer.BadParameter(f"{shorten(text)}, expected one of {', '.join(SYSTEM_IDS)}")
    return text


@contextmanager
def checking_arguments() -> Iterator[None]:
    """Turn a ``Rejected`` in the block, raised for bad arguments, into a usage error."""
    try:
        yield
    except Rejected as exc:
        raise typer.BadParameter(str(exc)) from exc
