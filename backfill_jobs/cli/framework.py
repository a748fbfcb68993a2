"""What every command line of the product shares: exit codes, JSON, tables, the way out."""

from __future__ import annotations

import base64
import json
import logging
import math
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
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
    FINDING: "a finding, or not everything was done",
    CRITICAL: "a critical finding",
    USAGE: "wrong usage: the message says what was wanted",
    CRASH: "a fault of the program",
    INTERRUPTED: "ended by Ctrl-C; the same command carries on",
    TERMINATED: "ended by SIGTERM; the same command carries on",
}

MOST_DAYS = 10_000
"""Of an option that counts days; more is a typing error."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
Systems = Annotated[
    str | None, typer.Option(metavar="SYSTEM,...", help="Only these systems, comma-separated.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done and write nothing.")]


Does = TypeVar("Does", bound=Callable[..., Any])


class Command(TyperCommand):
    """Shows no type beside a flag, which takes none."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _flags_without_type(super().get_params(ctx))


class Group(TyperGroup):
    """The same of a group's own options."""

    def get_params(self, ctx: Any) -> list[Any]:
        return _flags_without_type(super().get_params(ctx))


def _flags_without_type(params: list[Any]) -> list[Any]:
    for one in params:
        if getattr(one, "is_flag", False) and one.metavar is None:
            one.metavar = ""
    return params


class Program(typer.Typer):
    """A command line whose commands show in their help how they are used."""

    def command(
        self, name: str | None = None, *, examples: Sequence[str] = (), **options: Any
    ) -> Callable[[Does], Does]:
        shown = "\n\n".join(["Examples:", *(f"  {e}" for e in examples)]) if examples else None
        return super().command(name, cls=Command, epilog=shown, **options)


def program(about: str, after: str | None = None) -> Program:
    """A command line; ``after`` stands below the list of its commands."""
    return Program(
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        help=about,
        epilog=after,
        cls=Group,
    )


def run(app: typer.Typer, name: str) -> int:
    """Run a command line and give its exit code."""
    errors = Console(stderr=True, highlight=False, soft_wrap=True)
    logging.getLogger("props").addHandler(logging.NullHandler())  # commands say themselves what became of it
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = app(standalone_mode=False, prog_name=name)
    except AppError as exc:
        errors.print(f"{name}: {exc}", style="red", markup=False)
        if then := _next_step(name, exc):
            errors.print(f"-> {then}", markup=False)
        return FINDING
    except (typer.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except Exception as exc:  # noqa: BLE001  the last edge: usage errors and crashes become exit codes
        if hasattr(exc, "format_message"):
            told, asked = exc.format_message().rstrip("."), getattr(exc, "ctx", None)
            errors.print(f"{name}: {told}", style="red", markup=False)
            errors.print(f"-> {asked.command_path if asked else name} --help", markup=False)
            return USAGE
        if isinstance(exc, OSError) and exc.filename is not None:
            errors.print(f"{name}: {exc.filename}: {exc.strerror}", style="red", markup=False)
            return USAGE
        if wrong := _wrong_settings(exc):
            errors.print(*(f"{name}: {told}" for told in wrong), sep="\n", style="red", markup=False)
            errors.print("-> every variable with its meaning: docs/reference/settings.md", markup=False)
            return USAGE
        traceback.print_exc()
        errors.print(
            f"{name}: a fault of the program; what stands above tells where", style="red", markup=False
        )
        return CRASH
    return int(code or DONE)


LISTED = frozenset({"runs", "models", "deadletters"})
"""Groups whose ``list`` shows what can be named to their other commands."""


def _next_step(name: str, exc: AppError) -> str | None:
    """What to do about a failure whose message does not say it."""
    if isinstance(exc, HeldElsewhere):
        return None
    if isinstance(exc, Unavailable):
        return f"it may succeed later; {name} doctor says what does not answer"
    if isinstance(exc, NotFound) and sys.argv[1:] and sys.argv[1] in LISTED:
        return f"{name} {sys.argv[1]} list"
    return None


def _wrong_settings(exc: Exception) -> list[str]:
    """What is wrong with the environment, a line each; empty for any other failure."""
    if type(exc).__name__ != "ValidationError" or not str(getattr(exc, "title", "")).endswith("Settings"):
        return []
    errors: list[dict[str, Any]] = exc.errors()  # type: ignore[attr-defined]
    return [": ".join([*(str(part).upper() for part in e["loc"]), e["msg"]]) for e in errors]


def _terminate(_number: int, _frame: FrameType | None) -> None:
    """Leave by the ordinary way out, so that services that were started are stopped."""
    raise SystemExit(TERMINATED)


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


def system_named(text: str) -> str:
    """A system id; ``BadParameter`` for one that there is not."""
    from shared.domain.systems.catalog import SYSTEM_IDS

    if text not in SYSTEM_IDS:
        raise typer.BadParameter(f"{shorten(text)}, wanted one of {', '.join(SYSTEM_IDS)}")
    return text


@contextmanager
def checking_arguments() -> Iterator[None]:
    """Make a usage error of arguments that a use case refuses before it does anything."""
    try:
        yield
    except Rejected as exc:
        raise typer.BadParameter(str(exc)) from exc


def print_json(value: object) -> None:
    """One object on standard output, whatever the terminal is."""
    sys.stdout.write(json.dumps(value, indent=2, default=_as_text) + "\n")


def json_value(value: Any) -> Any:
    """A value of the warehouse as BigQuery writes it in JSON: what JSON has no number for becomes text."""
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).isoformat()
    if isinstance(value, list):
        return [json_value(v) for v in value]
    return {k: json_value(v) for k, v in value.items()} if isinstance(value, dict) else value


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


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
