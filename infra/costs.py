"""What a month costs: ``python -m infra.costs [--write]``.

Quantities follow from the few numbers below; what a game date asks of stores and broker is measured by
``python -m tests.bench.traffic``. Prints the tables of docs/costs.md, or writes them there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "costs.md"
BEGIN, END = "<!-- costs: begin -->", "<!-- costs: end -->"

GIB, TIB = 2**30, 2**40
DAYS = 30
RUNS = 3
"""Runs a day, each with every player: the most, since a run predicts only keys without an active row."""

PLAYERS = 240
"""Expected players of a run on a full slate."""

LARGE = 1000

# Measured on the sample league: tests/bench/traffic.py.
REQUEST_BYTES, READY_BYTES = 3192, 644
BYTES_PER_ROW = {
    "odds_api_player_points_props": 162,
    "player_game_summary": 236,
    "ml_feature_store_v2": 2164,
    "player_daily_cache": 133,
    "upcoming_player_game_context": 138,
    "prediction_staging": 392,
    "player_prop_predictions": 401,
    "prediction_key_outcomes": 100,
    "prediction_accuracy": 273,
}
TABLES_READ = {"features": 10, "run": 29, "grading": 13, "validation": 74}
"""Tables named in the statements of one execution, each as often as a statement names it."""

FEATURES_ANSWERED = 2_299_680 / 115
"""Bytes of history that features of one date read, by player."""

WORKER_SECONDS = 0.002
"""Of a player: predicting, storing, reporting."""

# Declared: infra/*.tf and the code.
SYSTEMS = 9
FEATURE_BUILDS = 2 * RUNS
"""Builds of a date a day: today and tomorrow, ahead of each run."""

QUOTES = 10.25
"""Rows of quotes of a player and date."""

CPUS, SERVICE_GIB = 2, 2
JOB_GIB = 4
CHECKS = DAYS * 24 * 30
"""Calls of /check-stalled: one every two minutes."""

PROBES = DAYS * 24 * 120
"""Liveness probes of the coordinator, which those calls keep alive."""

KEPT_DAYS = 400
"""Days that Firestore keeps a run."""

LEAST_MESSAGE = 1000
LEAST_READ = 10 * 2**20
"""Bytes that Pub/Sub counts at least for a message, and BigQuery for a table that a statement names."""

# Assumed until a bill says otherwise.
RUN_SECONDS = {"coordinator": 60.0, "worker": 30.0}
"""Busy seconds of all instances in a run beside the time per player: cold start, waiting for stores."""

JOB_SECONDS = {"features": 90.0, "grading": 60.0, "validation": 60.0}
FIT_SECONDS, READ_SECONDS = 60.0, 60.0
"""Fitting one model, which grows with its rows, and all around it."""

FEATURE_SECONDS = 0.0002
"""Of a row of features, or a graded row."""

OUTCOME_BYTES = 2000
"""A document of an outcome with its indices."""

REQUEST_LOG_BYTES = 1500
"""Cloud Run's line about a request, and the service's own."""

RELEASES, RELEASE_MINUTES, RELEASE_GIB = 8, 30, 0.9
"""A month; of a build; of three compressed images."""


class Price(NamedTuple):
    """US dollars for one unit. ``free``: units a month that cost nothing. ``assumed``: no copy of a list for
    this region was at hand."""

    dollars: float
    unit: str
    free: float = 0.0
    assumed: bool = True


PRICES = {
    "service cpu": Price(0.0000336, "vCPU-s", 180_000 * 24 / 33.6, assumed=False),
    "service memory": Price(0.0000035, "GiB-s", 360_000 * 25 / 35, assumed=False),
    "requests": Price(0.40, "million", 2, assumed=False),
    "job cpu": Price(0.0000216, "vCPU-s", 240_000 * 18 / 21.6, assumed=False),
    "job memory": Price(0.0000024, "GiB-s", 450_000 * 20 / 24, assumed=False),
    "throughput": Price(40 / 1024, "GiB", 10),
    "kept messages": Price(0.27, "GiB"),
    "active storage": Price(0.023, "GiB", 10),
    "older storage": Price(0.016, "GiB"),
    "queries": Price(8.44, "TiB", 1),
    "appends": Price(0.03, "GiB", 2048),
    "document reads": Price(0.38, "million", DAYS * 0.05),
    "document writes": Price(1.15, "million", DAYS * 0.02),
    "document deletes": Price(0.13, "million"),
    "documents": Price(0.125, "GiB", 1),
    "objects": Price(0.023, "GiB"),
    "logs": Price(0.50, "GiB", 50),
    "schedules": Price(0.10, "jobs", 3),
    "images": Price(0.10, "GiB", 0.5),
    "builds": Price(0.016, "minutes", assumed=False),
    "conditions": Price(0.10, "conditions"),
    "forwarding": Price(0.025, "hours"),
}


@dataclass(frozen=True)
class Line:
    """One thing that is billed, and its quantity in a month at one size and at a thousand times that."""

    product: str
    what: str
    price: str
    quantity: float
    large: float


def lines(*, console: bool) -> list[Line]:
    """What is billed; with ``console`` its load balancer alone."""
    usual, large = list(_console() if console else _usual(1)), list(_console() if console else _usual(LARGE))
    return [
        Line(product, what, price, now, then)
        for (product, what, price, now), (*_, then) in zip(usual, large, strict=True)
    ]


Billed = tuple[str, str, str, float]


def _usual(scale: int) -> Iterator[Billed]:
    players = PLAYERS * scale
    yield from _services(players)
    yield from _jobs(players)
    messages = DAYS * RUNS * players
    sizes = max(REQUEST_BYTES, LEAST_MESSAGE) + max(READY_BYTES, LEAST_MESSAGE)
    yield "Pub/Sub", "published and pushed", "throughput", 2 * messages * sizes / GIB
    kept = 7 / DAYS * messages * (REQUEST_BYTES + READY_BYTES)
    yield "Pub/Sub", "kept for 7 days", "kept messages", kept / GIB
    yield from _bigquery(players)
    yield from _firestore(players)
    yield "Cloud Storage", "models, releases, state", "objects", 1 + 0.004 * scale
    logged = (CHECKS + 2 * messages) * REQUEST_LOG_BYTES
    yield "Cloud Logging", "lines", "logs", logged / GIB
    yield "Cloud Scheduler", "jobs", "schedules", declared_schedules()
    images = RELEASE_GIB * max(50, 6 * RELEASES)
    yield "Artifact Registry", "images of the last 50 releases", "images", images
    yield "Cloud Build", "releases", "builds", RELEASES * RELEASE_MINUTES
    yield "Cloud Monitoring", "conditions of alerts", "conditions", declared_conditions()


def _console() -> Iterator[Billed]:
    yield "Load balancer", "forwarding rule of the console", "forwarding", DAYS * 24


def _services(players: int) -> Iterator[Billed]:
    seconds = DAYS * RUNS * (sum(RUN_SECONDS.values()) + 2 * WORKER_SECONDS * players)
    seconds += CHECKS * 0.5 + PROBES * 0.1
    yield "Cloud Run services", "CPU", "service cpu", CPUS * seconds
    yield "Cloud Run services", "memory", "service memory", SERVICE_GIB * seconds
    requests = 2 * DAYS * RUNS * players + CHECKS
    yield "Cloud Run services", "requests", "requests", requests / 1e6


def _jobs(players: int) -> Iterator[Billed]:
    rows = FEATURE_BUILDS * players + SYSTEMS * players
    daily = RUNS * JOB_SECONDS["features"] + JOB_SECONDS["grading"] + JOB_SECONDS["validation"]
    fits = READ_SECONDS + FIT_SECONDS * players / PLAYERS
    seconds = DAYS * (daily + FEATURE_SECONDS * rows) + fits
    yield "Cloud Run jobs", "CPU", "job cpu", CPUS * seconds
    yield "Cloud Run jobs", "memory", "job memory", JOB_GIB * seconds


def _bigquery(players: int) -> Iterator[Billed]:
    grown = bytes_a_day(players)
    yield "BigQuery", "storage, changed within 90 days", "active storage", 90 * grown / GIB
    yield "BigQuery", "storage, older, after a year", "older storage", 275 * grown / GIB
    yield "BigQuery", "queries", "queries", DAYS * scanned_a_day(players) / TIB
    staged = DAYS * RUNS * players * SYSTEMS * BYTES_PER_ROW["prediction_staging"]
    yield "BigQuery", "appends of the Storage Write API", "appends", staged / GIB


def bytes_a_day(players: int) -> float:
    """Bytes of new rows."""
    weight = BYTES_PER_ROW
    run = SYSTEMS * sum(
        weight[t] for t in ("prediction_staging", "player_prop_predictions", "prediction_key_outcomes")
    )
    features = sum(
        weight[t] for t in ("ml_feature_store_v2", "player_daily_cache", "upcoming_player_game_context")
    )
    inputs = QUOTES * weight["odds_api_player_points_props"] + weight["player_game_summary"]
    graded = SYSTEMS * weight["prediction_accuracy"]
    return players * (RUNS * run + FEATURE_BUILDS * features + inputs + graded)


def scanned_a_day(players: int) -> float:
    """Bytes billed for queries: as if each table read were the day's largest, 10 MB at least."""
    largest = max(LEAST_READ, RUNS * players * SYSTEMS * BYTES_PER_ROW["player_prop_predictions"])
    history = max(TABLES_READ["features"] * LEAST_READ, FEATURES_ANSWERED * players)
    others = RUNS * TABLES_READ["run"] + TABLES_READ["grading"] + TABLES_READ["validation"]
    return others * largest + FEATURE_BUILDS * history


def _firestore(players: int) -> Iterator[Billed]:
    runs = DAYS * RUNS
    # A query costs a read even where nothing is under way.
    yield "Firestore", "reads by /check-stalled", "document reads", CHECKS / 1e6
    yield "Firestore", "reads by runs", "document reads", runs * (2 * players + 20) / 1e6
    writes = runs * (players + 10) + DAYS * 24 * 60
    yield "Firestore", "writes, heartbeats too", "document writes", writes / 1e6
    yield "Firestore", "deletes by expiry", "document deletes", runs * players / 1e6
    yield "Firestore", "documents", "documents", KEPT_DAYS * RUNS * players * OUTCOME_BYTES / GIB


def declared_schedules() -> int:
    text = (ROOT / "infra" / "schedule.tf").read_text(encoding="utf-8")
    return len(re.findall(r"\bat\s+= \"", text)) + 1


def declared_conditions() -> int:
    """Alerts by symptom, and two speeds for each promise."""
    alerts = (ROOT / "infra" / "alerts.tf").read_text(encoding="utf-8")
    promises = (ROOT / "infra" / "slo.tf").read_text(encoding="utf-8")
    burn = len(re.findall(r"\bgoal = ", promises)) * len(re.findall(r"\blookback = ", promises))
    return len(re.findall(r"\baligner\s+= \"", alerts)) + burn


def tables() -> str:
    """Quantities and costs, then prices, as two Markdown tables."""
    usual, console = lines(console=False), lines(console=True)
    now, large = (costs(q, usual) for q in _quantities(usual))
    rows = [
        "| product | what | at 1x | $ | at 1000x | $ |",
        "|---|---|--:|--:|--:|--:|",
        *map(_row, usual, now, large),
        f"| **together** | | | **{sum(now):,.2f}** | | **{sum(large):,.2f}** |",
        *map(_row, console, *(costs(q, console) for q in _quantities(console))),
    ]
    prices = ["| price | $ | for | free a month | standing |", "|---|--:|---|--:|---|"]
    for name, p in PRICES.items():
        dollars = f"{p.dollars:.7f}".rstrip("0").rstrip(".")
        free, standing = _number(p.free) if p.free else "none", "assumed" if p.assumed else "list"
        prices.append(f"| {name} | {dollars} | {p.unit} | {free} | {standing} |")
    return "\n".join([*rows, "", *prices])


def costs(quantities: list[float], of: list[Line]) -> list[float]:
    """Dollars of each line; what is free is used up by the lines of a price in their order."""
    left = {name: price.free for name, price in PRICES.items()}
    found = []
    for quantity, line in zip(quantities, of, strict=True):
        free = min(left[line.price], quantity)
        left[line.price] -= free
        found.append((quantity - free) * PRICES[line.price].dollars)
    return found


def _quantities(of: list[Line]) -> tuple[list[float], list[float]]:
    return [line.quantity for line in of], [line.large for line in of]


def _row(line: Line, now: float, large: float) -> str:
    unit = PRICES[line.price].unit
    return (
        f"| {line.product} | {line.what} | {_number(line.quantity)} {unit} | {now:,.2f} | "
        f"{_number(line.large)} {unit} | {large:,.2f} |"
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def page(text: str) -> str:
    """The page with today's tables between its marks; ``ValueError`` where it has none."""
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{PAGE.name}: no {BEGIN} ... {END}")
    return f"{before}{BEGIN}\n{tables()}\n{END}{after}"


def main(arguments: list[str]) -> int:
    if arguments == ["--write"]:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return 0
    sys.stdout.write(tables() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
