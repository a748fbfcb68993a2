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

    ``status``: what the page is answered with. ``entry``: a form that the keyboard must reach. ``graded``: it
    is looked at on the morning after, when a fortnight is graded.
    """

    name: str
    address: str
    heading: str
    sees: tuple[str, ...] = ()
    status: int = 200
    entry: Entry | None = None
    graded: bool = False


PAGES = (
    Case(
        "today",
        "/",
        "Wednesday 19 March 2025",
        ("in 2 h 30 min", "Predictions of catboost_v9", "Status", "What to do"),
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
        "models",
        "/console/models",
        "Models",
        ("{autumn}", "{spring}", "No champion: line_anchored_v1"),
        graded=True,
        entry=Entry("#system", "line", "system=line_anchored_v1"),
    ),
    Case("models-empty", "/console/models?system=catboost_v8", "catboost_v8", ("No model",), graded=True),
    Case("model", "/console/models/{spring}", "{spring}", ("gates failed", "{autumn}"), graded=True),
    Case("champion", "/console/models/{autumn}", "{autumn}", ("the first of the season",), graded=True),
    Case(
        "promote",
        "/console/models/{spring}/promote",
        "Promote {spring}?",
        ("Promotion needs an override", "{autumn} is retired"),
        graded=True,
    ),
    Case(
        "performance",
        "/console/performance?system=line_anchored_v1&counted_as=BACKFILL",
        "Performance",
        ("All systems", "By edge, backfill rows", "Calibration", "break-even at -110 is 52%"),
        graded=True,
        entry=Entry("#system", "moving", "system=moving_average"),
    ),
    Case("performance-empty", "/console/performance", "Performance", ("Nothing is graded",)),
    Case(
        "coverage",
        "/console/coverage?start_date=2025-03-06&end_date={day}",
        "Grading coverage",
        ("100%", "Rows that were not due"),
        graded=True,
        entry=Entry("#start_date", "", "start_date=2025-03-06"),
    ),
    Case(
        "players",
        "/console/players",
        "Players",
        ("Top scorers", "next →"),
        graded=True,
        entry=Entry("#q", "skirk", "q=skirk"),
    ),
    Case("players-nobody", "/console/players?q=nobody", "Players", ("No player whose name",), graded=True),
    Case("unresolved", "/console/unresolved", "Names without a player", ("has a player",), graded=True),
    Case(
        "player",
        "/console/players/{player}",
        "",
        ("Last games", "Predictions of all systems", "older games →"),
        graded=True,
        entry=Entry("#system", "line", "system=line_anchored_v1"),
    ),
    Case(
        "explanation",
        "/console/predictions/{prediction_id}?date={day}",
        "Why ",
        ("Terms of the prediction", "= the prediction", "mean of training"),
        graded=True,
    ),
    Case("health", "/console/health", "Health", ("Status", "ready", "catboost_v9-", "prediction-worker")),
    Case("features", "/console/features?date=2025-03-20", "Features of Thursday", ("never_built",)),
    Case("not-found", "/console/nothing", "Not found 404", ("no such page",), status=404),
)
