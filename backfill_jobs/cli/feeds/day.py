"""``props day``: everything that a game date needs, in order; it can be interrupted and repeated."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from backfill_jobs.cli.dates import date_option
from backfill_jobs.cli.feeds.fetch import fetch_lines, log_in_the_cloud
from backfill_jobs.cli.framework import FINDING, Json
from backfill_jobs.cli.output import show
from backfill_jobs.cli.progress import Bars
from backfill_jobs.prediction.player_prop_predictions_backfill import prediction_job
from shared.domain.game_dates import GRAMMAR
from shared.domain.vocabulary import FeedKind
from shared.errors import AppError

if TYPE_CHECKING:
    from shared.backends import Backend, ModelSettings

GRADED_DAYS = 3
"""Earlier dates that are graded, for games that were final late."""


@dataclass(frozen=True)
class StepResult:
    """What a step did. ``is_done`` is False for a finding or a failure; ``stops`` ends the day."""

    name: str
    lines: tuple[str, ...]
    is_done: bool = True
    stops: bool = False


def day(
    day: Annotated[
        date | None, date_option(f"Game date, US Eastern: {GRAMMAR}. Default: TODAY.", "--date")
    ] = None,
    fetch: Annotated[bool, typer.Option("--fetch/--no-fetch", help="Fetch the feeds first.")] = True,
    as_json: Json = False,
) -> None:
    """Fetch and import the feeds of a game date, build features, predict, grade the days before, and check.

    A feed that fails is named and does not stop the predictions; without games of the date the day ends.
    Repeat the command to continue or to update: what is done is not done twice. Exit code 1 if something must
    be looked at.
    """
    from shared.backends import ModelSettings, connect
    from shared.domain.instants import eastern_date

    settings = ModelSettings()
    backend = connect(settings)
    log_in_the_cloud()
    today = day or eastern_date(backend.clock.now())
    results: list[StepResult] = []
    with Bars() as bars:
        for name, step in _steps(backend, settings, today, fetch, bars):
            results.append(_run(name, step))
            if results[-1].stops:
                break
    value = {"game_date": today.isoformat(), "steps": [asdict(r) for r in results]}
    show(as_json, value, [line for r in results for line in _lines(r)] + _next_lines(today, results))
    if not all(r.is_done for r in results):
        raise typer.Exit(FINDING)


Step = Callable[[], StepResult]


def _steps(
    backend: Backend, settings: ModelSettings, today: date, fetch: bool, bars: Bars
) -> Iterator[tuple[str, Step]]:
    if fetch:
        before = today - timedelta(days=1)
        for kind, on in (
            (FeedKind.SCHEDULE, today), (FeedKind.BOX_SCORES, before), (FeedKind.INJURIES, today),
            (FeedKind.ODDS, today),
        ):  # fmt: skip
            yield f"fetch {kind.value}", lambda k=kind, d=on: _fetch(backend, k, d, bars)  # type: ignore[misc]
    yield "games", lambda: _games(backend, today)
    yield "features", lambda: _features(backend, today, bars)
    yield "predict", lambda: _predict(backend, settings, today, bars)
    yield "grade", lambda: _grade(backend, today, bars)
    yield "check", lambda: _check(backend, today, bars)


def _run(name: str, step: Step) -> StepResult:
    """Run a step; an error that a person can understand is its result."""
    try:
        return step()
    except AppError as exc:
        return StepResult(name, tuple(str(exc).splitlines()), is_done=False)


def _fetch(backend: Backend, kind: FeedKind, on: date, bars: Bars) -> StepResult:
    from shared.application.fetching.fetch import FetchFeed
    from shared.application.fetching.settings import FetchSettings

    run = FetchFeed(backend.warehouse, backend.clock, backend.raw, FetchSettings())
    result = run(kind, on, None, bars)
    return StepResult(f"fetch {kind.value}", tuple(fetch_lines(result)), result.is_complete)


def _games(backend: Backend, today: date) -> StepResult:
    from shared.warehouse.schedule import games_between

    count = games_between(backend.warehouse, today, today).num_rows
    if count:
        return StepResult("games", (f"{count} games on {today}",))
    reason = f"no games on {today} in the schedule; if there are games, import or fetch the schedule"
    return StepResult("games", (reason,), stops=True)


def _features(backend: Backend, today: date, bars: Bars) -> StepResult:
    from shared.application.features.build import BuildFeatures, BuildOptions

    built = BuildFeatures(backend.warehouse, backend.clock, backend.documents)(
        today, today, BuildOptions(), bars
    )
    lines = [
        line
        for b in built
        for line in (f"{b.rows} player rows" + ("" if b.snapshot_id else ", refused"), *map(str, b.findings))
    ]
    return StepResult("features", tuple(lines), all(b.snapshot_id is not None for b in built))


def _predict(backend: Backend, settings: ModelSettings, today: date, bars: Bars) -> StepResult:
    from shared.application.backfill.prediction_backfill import BackfillOptions
    from shared.application.backfill.results import SUCCESSFUL

    results = prediction_job(backend, settings, bars)([today], BackfillOptions(), progress=bars)
    lines = [
        line
        for r in results
        for line in (
            f"{r.status}: {r.players} players, {r.rows_written} predictions written",
            *([r.note] if r.note else []),
            *(f"{s} is off: {reason}" for s, reason in r.systems_off.items()),
        )
    ]
    return StepResult("predict", tuple(lines), all(r.status in SUCCESSFUL for r in results))


def _grade(backend: Backend, today: date, bars: Bars) -> StepResult:
    from shared.application.grading.grade import GradePredictions

    first, last = today - timedelta(days=GRADED_DAYS), today - timedelta(days=1)
    graded = GradePredictions(backend.warehouse, backend.clock)(first, last, progress=bars)
    return StepResult("grade", (f"{first} to {last}: {graded.changed:,} grades new or changed",))


def _check(backend: Backend, today: date, bars: Bars) -> StepResult:
    from shared.application.validation.daily import ValidateDaily
    from shared.domain.findings import EXIT

    validate = ValidateDaily(
        backend.warehouse,
        backend.runs,
        backend.documents,
        backend.models,
        backend.clock,
        backend.dead_letters,
    )
    found = [f for f in validate(today, bars) if EXIT[f.severity] > 0]
    lines = [f"{f.severity} {f.check}: {f.evidence}" + (f" -> {f.remedy}" if f.remedy else "") for f in found]
    return StepResult("check", tuple(lines or ["nothing to look at"]), not found)


def _lines(result: StepResult) -> list[str]:
    first, *others = result.lines or ("done",)
    mark = "" if result.is_done else "(!) "
    return [f"{result.name}: {mark}{first}", *(f"  {line}" for line in others)]


def _next_lines(today: date, results: list[StepResult]) -> list[str]:
    """Return what to look at: the steps with findings, then where the predictions are."""
    open_steps = [r.name for r in results if not r.is_done]
    lines = [f"to look at: {', '.join(open_steps)}"] if open_steps else []
    if any(r.name == "predict" for r in results):
        lines.append(f"predictions: props serve, then http://127.0.0.1:8080/console?date={today}")
        lines.append(f"signal: props signal --date {today}; names without a player: props players unresolved")
    return lines
