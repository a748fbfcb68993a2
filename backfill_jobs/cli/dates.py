"""Game dates on the command line: ISO 8601, or counted from today."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated

import typer

from shared.domain.game_dates import GRAMMAR, parse_game_date

WANTED = GRAMMAR
_DATE = "DATE"


class GameDates(tuple[date, ...]):
    """What a comma-separated option names."""

    __slots__ = ()


def game_date(text: str) -> date:
    """Return a game date, US Eastern; ``BadParameter`` for anything that is not in the grammar.

    TODAY is that of the product's clock. Only its settings are read, and only where the text counts from it.
    """
    try:
        return parse_game_date(text, _today)
    except ValueError as exc:
        raise typer.BadParameter(str(exc)) from exc


def game_dates(text: str) -> GameDates:
    """Game dates separated by commas, each as ``game_date`` takes it."""
    return GameDates(game_date(part.strip()) for part in text.split(","))


def _today() -> date:
    """``Rejected`` where the settings do not say what the clock is."""
    from pydantic import ValidationError

    from shared.backends import BackendSettings, make_clock
    from shared.domain.instants import eastern_date
    from shared.errors import Rejected

    try:
        return eastern_date(make_clock(BackendSettings()).now())
    except ValidationError as exc:
        raise Rejected(f"TODAY: {exc}") from exc


Dates = Annotated[
    GameDates | None,
    typer.Option(parser=game_dates, metavar="DATE,...", help=f"Game dates (US Eastern): {WANTED}."),
]
Start = Annotated[
    date | None, typer.Option(parser=game_date, metavar=_DATE, help="First game date, with --end-date.")
]
End = Annotated[date | None, typer.Option(parser=game_date, metavar=_DATE, help="Last game date, inclusive.")]
Day = Annotated[
    date, typer.Option("--date", parser=game_date, metavar=_DATE, help=f"Game date, US Eastern: {WANTED}.")
]
First = Annotated[date, typer.Option("--start", parser=game_date, metavar=_DATE, help="First game date.")]
Last = Annotated[
    date, typer.Option("--end", parser=game_date, metavar=_DATE, help="Last game date, inclusive.")
]
TrainStart = Annotated[
    date, typer.Option(parser=game_date, metavar=_DATE, help="First game date to learn from.")
]
TrainEnd = Annotated[
    date, typer.Option(parser=game_date, metavar=_DATE, help="Last game date to learn from, inclusive.")
]
EvalStart = Annotated[
    date, typer.Option(parser=game_date, metavar=_DATE, help="First game date to be judged on: later.")
]
EvalEnd = Annotated[
    date, typer.Option(parser=game_date, metavar=_DATE, help="Last game date to be judged on, inclusive.")
]


def ranges(dates: GameDates | None, start: date | None, end: date | None) -> list[tuple[date, date]]:
    """Ranges of game dates from the three options; ``BadParameter`` for anything but one way to say it."""
    if dates and not (start or end):
        return [(d, d) for d in dates]
    if start and end and not dates:
        if end < start:
            raise typer.BadParameter(f"--end-date {end} is before --start-date {start}")
        return [(start, end)]
    raise typer.BadParameter("give --dates, or --start-date and --end-date")


def days_of(spans: list[tuple[date, date]]) -> list[date]:
    return sorted({a + timedelta(days=i) for a, b in spans for i in range((b - a).days + 1)})
