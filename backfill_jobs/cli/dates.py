"""Game dates on the command line: ISO 8601, or counted from today."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any

import typer

from shared.domain.game_dates import GRAMMAR, parse_game_date

MAX_DAYS = 10_000
"""Upper bound of options that count days; a larger number is a typing error."""


class GameDates(tuple[date, ...]):
    """Game dates of a comma-separated option."""

    __slots__ = ()


def game_date(text: str) -> date:
    """Return a game date, US Eastern; ``BadParameter`` for anything that is not in the grammar.

    TODAY is the date of the product's clock, whose settings are read only if the text refers to TODAY.
    """
    try:
        return parse_game_date(text, _today)
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from exc


def game_dates(text: str) -> GameDates:
    """Return game dates separated by commas, each parsed by ``game_date``."""
    return GameDates(game_date(part.strip()) for part in text.split(","))


def _today() -> date:
    """Return the date of the product's clock; ``Rejected`` if its settings are invalid."""
    from pydantic import ValidationError

    from shared.backends import BackendSettings, make_clock
    from shared.domain.instants import eastern_date
    from shared.errors import Rejected

    try:
        return eastern_date(make_clock(BackendSettings()).now())
    except ValidationError as exc:
        raise Rejected(f"TODAY: {exc}") from exc


def date_option(description: str, *names: str) -> Any:
    """Return an option with one game date."""
    return typer.Option(*names, parser=game_date, metavar="DATE", help=description)


def days_option(description: str) -> Any:
    """Return an option that counts days, at least one."""
    return typer.Option(min=1, max=MAX_DAYS, help=description)


Dates = Annotated[
    GameDates | None,
    typer.Option(parser=game_dates, metavar="DATE,...", help=f"Game dates (US Eastern): {GRAMMAR}."),
]
Start = Annotated[date | None, date_option("First game date, with --end-date.")]
End = Annotated[date | None, date_option("Last game date, inclusive.")]
Day = Annotated[date, date_option(f"Game date, US Eastern: {GRAMMAR}.", "--date")]
First = Annotated[date, date_option("First game date.", "--start")]
Last = Annotated[date, date_option("Last game date, inclusive.", "--end")]
TrainStart = Annotated[date, date_option("First game date of the training.")]
TrainEnd = Annotated[date, date_option("Last game date of the training, inclusive.")]
EvalStart = Annotated[date, date_option("First game date of the evaluation.")]
EvalEnd = Annotated[date, date_option("Last game date of the evaluation, inclusive.")]


def ranges(dates: GameDates | None, start: date | None, end: date | None) -> list[tuple[date, date]]:
    """Return ranges of game dates; ``BadParameter`` unless ``dates`` or ``start`` and ``end`` are set."""
    if dates and not (start or end):
        return [(d, d) for d in dates]
    if start and end and not dates:
        if end < start:
            raise typer.BadParameter(f"--end-date {end} is before --start-date {start}")
        return [(start, end)]
    raise typer.BadParameter("give --dates, or --start-date and --end-date")


def dates_in(spans: list[tuple[date, date]]) -> list[date]:
    return sorted({a + timedelta(days=i) for a, b in spans for i in range((b - a).days + 1)})
