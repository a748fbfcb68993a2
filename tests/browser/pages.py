"""Every page of the console that a browser looks at: a new page is a line here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """A form as the keyboard uses it: what is typed into ``field``, then Enter, and where that leads."""

    field: str
    typed: str
    leads_to: str


@dataclass(frozen=True)
class Case:
    """``address`` may name what ``World.places`` knows. ``sees``: words that must stand on the page.

    ``status``: what the page is answered with. ``entry``: a form that the keyboard must reach.
    """

    name: str
    address: str
    heading: str
    sees: tuple[str, ...] = ()
    status: int = 200
    entry: Entry | None = None


PAGES = (
    Case(
        "today",
        "/",
        "Wednesday 19 March 2025",
        ("in 2 h 30 min", "Predictions of catboost_v9", "Is it fine?", "What to do"),
        entry=Entry("#system", "moving", "system=moving_average"),
    ),
    Case("today-empty", "/?date=2025-07-01", "Tuesday 1 July 2025", ("No games on this date",)),
    Case("findings", "/console/findings?date={day}", "Findings of Wednesday", ("predictions:catboost_v9",)),
    Case("evidence", "/console/evidence?date={day}&system=catboost_v9", "catboost_v9", ("no evidence",)),
    Case(
        "runs",
        "/console/runs",
        "Runs",
        ("Start a run", "Complete", "{run_id}"),
        entry=Entry("#game_date", "2025-07-01", "/console/runs"),
    ),
    Case("run", "/console/runs/{run_id}", "Run {run_id}", ("115 of 115 expected players predicted",)),
    Case(
        "health", "/console/health", "Health", ("Does it work?", "ready", "catboost_v9-", "prediction-worker")
    ),
    Case("features", "/console/features?date=2025-03-20", "Features of Thursday", ("never_built",)),
    Case("not-found", "/console/nothing", "Not found 404", ("no such page",), status=404),
)
