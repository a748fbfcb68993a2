"""``props fetch``: responses of feeds into the raw store and the warehouse."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from backfill_jobs.cli.dates import Day
from backfill_jobs.cli.feeds.imports import counted, import_lines, import_value
from backfill_jobs.cli.framework import FINDING, Json, connect_backend
from backfill_jobs.cli.output import show
from backfill_jobs.cli.progress import Bars
from shared.domain.vocabulary import FeedKind

if TYPE_CHECKING:
    from shared.application.fetching.fetch import FetchResult


def fetch(
    kind: Annotated[FeedKind, typer.Argument(help="What to fetch.", show_default=False)],
    day: Day,
    budget: Annotated[
        int | None,
        typer.Option(
            min=0, max=100_000, help="Credits of The Odds API to spend at most; default ODDS_API_BUDGET."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Fetch a feed for a game date: store each response as it is, then import it.

    Box scores are those of games with a score in the schedule, so fetch the schedule first. Exit code 1 if a
    response is missing or cannot be imported; what was stored stays stored.
    """
    from shared.application.fetching.fetch import FetchFeed
    from shared.application.fetching.settings import FetchSettings

    backend = connect_backend()
    log_in_the_cloud()
    run = FetchFeed(backend.warehouse, backend.clock, backend.raw, FetchSettings())
    with Bars() as bars:
        result = run(kind, day, budget, bars)
    show(as_json, fetch_value(result), fetch_lines(result))
    if not result.is_complete:
        raise typer.Exit(FINDING)


def log_in_the_cloud() -> None:
    """Write the events of fetches to the log of a job: alerts count them."""
    from shared.backends import BackendSettings
    from shared.observability.logging import configure_logging

    settings = BackendSettings()
    if settings.props_backend == "gcp":
        configure_logging("props", settings.build_commit, settings.gcp_project_id, sys.stderr)


def fetch_value(result: FetchResult) -> dict[str, Any]:
    return asdict(result) | {
        "game_date": result.game_date.isoformat(),
        "imported": [import_value(imported) for imported in result.imported],
    }


def fetch_lines(result: FetchResult) -> list[str]:
    lines = [
        f"{result.kind} {result.game_date}: {counted(len(result.stored), 'new response')}, "
        f"{result.unchanged} unchanged"
    ]
    if result.spent or result.remaining is not None:
        left = "unknown" if result.remaining is None else f"{result.remaining:,}"
        lines.append(f"The Odds API: {result.spent:,} credits spent, {left} left")
    for imported in result.imported:
        lines += import_lines(imported)
    lines += [f"stopped: {reason}" for reason in result.stopped]
    lines += [f"refused: {reason}" for reason in result.refused]
    return lines
