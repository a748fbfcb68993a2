"""Monthly costs: ``python -m infra.costs [--write]``.

The quantities are computed from the numbers below; ``python -m tests.bench.traffic`` measures the load of a
game date on stores and broker. Prints the tables of docs/costs.md, or writes them there.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from infra import fetch_costs

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "costs.md"

GIB, TIB = 2**30, 2**40
DAYS = 30
RUNS = 3
"""Upper bound of full runs per day; a run predicts only keys without an active row."""

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
"""References to tables in the statements of one execution."""

FEATURE_HISTORY_BYTES = 2_299_680 / 115
"""Bytes of history that the features of one date read, per player."""

WORKER_SECONDS = 0.002
"""Seconds per player for predicting, storing and reporting."""

# Declared: infra/*.tf and the code.
SYSTEMS = 9
FEATURE_BUILDS = 2 * RUNS
"""Feature builds per day: today and tomorrow, before each run."""

QUOTES = 10.25
"""Rows of quotes per player and date."""

CPUS, SERVICE_GIB = 2, 2
JOB_GIB = 4
CHECKS = DAYS * 24 * 30
"""Calls of /check-stalled: one every two minutes."""

PROBES = DAYS * 24 * 120
"""Liveness probes of the coordinator; the calls above keep it running."""

RETENTION_DAYS = 400
"""Days that Firestore stores a run."""

MIN_MESSAGE_BYTES = 1000
MIN_READ_BYTES = 10 * 2**20
"""Minimum bytes that Pub/Sub bills for a message, and BigQuery for a table in a statement."""

# Assumed; to be replaced by the numbers of a bill.
RUN_SECONDS = {"coordinator": 60.0, "worker": 30.0}
"""Busy seconds of all instances in a run besides the time per player: cold start, waiting for stores."""

JOB_SECONDS = {"features": 90.0, "grading": 60.0, "validation": 60.0}
FIT_SECONDS, READ_SECONDS = 60.0, 60.0
"""Seconds to fit one model, proportional to its rows, and for everything else in a training."""

FEATURE_SECONDS = 0.0002
"""Seconds per row of features, and per graded row."""

OUTCOME_BYTES = 2000
"""Bytes of an outcome's document, with its indices."""

REQUEST_LOG_BYTES = 1500
"""Bytes of the log lines of Cloud Run and of the service for one request."""

RELEASES, RELEASE_MINUTES, RELEASE_GIB = 8, 30, 0.9
"""Releases per month; minutes of a build; GiB of three compressed images."""


class Price(NamedTuple):
    """US dollars per unit. ``free``: free units per month. ``assumed``: not from a price list of this
    region."""

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
    "nearline": Price(0.016, "GiB"),
    "responses": Price(0.015, "thousand"),
    "secrets": Price(0.06, "versions", 6),
    "logs": Price(0.50, "GiB", 50),
    "schedules": Price(0.10, "jobs", 3),
    "images": Price(0.10, "GiB", 0.5),
    "builds": Price(0.016, "minutes", assumed=False),
    "conditions": Price(0.10, "conditions"),
    "forwarding": Price(0.025, "hours"),
}


@dataclass(frozen=True)
class Line:
    """One billed item, and its monthly quantity at normal size and at a thousand times that size."""

    product: str
    what: str
    price: str
    quantity: float
    large: float


def lines(*, console: bool) -> list[Line]:
    """Return the billed items; with ``console`` only its load balancer."""
    normal, large = (list(_console_items() if console else _billed_items(n)) for n in (1, LARGE))
    return [
        Line(product, what, price, at_normal, at_large)
        for (product, what, price, at_normal), (*_, at_large) in zip(normal, large, strict=True)
    ]


BilledItem = tuple[str, str, str, float]


def _billed_items(scale: int) -> Iterator[BilledItem]:
    players = PLAYERS * scale
    yield from _service_items(players)
    yield from _job_items(players)
    messages = DAYS * RUNS * players
    message_bytes = max(REQUEST_BYTES, MIN_MESSAGE_BYTES) + max(READY_BYTES, MIN_MESSAGE_BYTES)
    yield "Pub/Sub", "published and pushed", "throughput", 2 * messages * message_bytes / GIB
    retained = 7 / DAYS * messages * (REQUEST_BYTES + READY_BYTES)
    yield "Pub/Sub", "kept for 7 days", "kept messages", retained / GIB
    yield from _bigquery_items(players)
    yield from _firestore_items(players)
    yield "Cloud Storage", "models, releases, state", "objects", 1 + 0.004 * scale
    yield from fetch_costs.response_items(scale, DAYS)
    log_bytes = (CHECKS + 2 * messages + DAYS * fetch_costs.responses_per_day(scale)) * REQUEST_LOG_BYTES
    yield "Cloud Logging", "lines", "logs", log_bytes / GIB
    yield "Cloud Scheduler", "jobs", "schedules", declared_schedules()
    image_gib = RELEASE_GIB * max(50, 6 * RELEASES)
    yield "Artifact Registry", "images of the last 50 releases", "images", image_gib
    yield "Cloud Build", "releases", "builds", RELEASES * RELEASE_MINUTES
    yield "Cloud Monitoring", "conditions of alerts", "conditions", declared_conditions()
    yield "Secret Manager", "key of The Odds API", "secrets", 1


def _console_items() -> Iterator[BilledItem]:
    yield "Load balancer", "forwarding rule of the console", "forwarding", DAYS * 24


def _service_items(players: int) -> Iterator[BilledItem]:
    seconds = DAYS * RUNS * (sum(RUN_SECONDS.values()) + 2 * WORKER_SECONDS * players)
    seconds += CHECKS * 0.5 + PROBES * 0.1
    yield "Cloud Run services", "CPU", "service cpu", CPUS * seconds
    yield "Cloud Run services", "memory", "service memory", SERVICE_GIB * seconds
    requests = 2 * DAYS * RUNS * players + CHECKS
    yield "Cloud Run services", "requests", "requests", requests / 1e6


def _job_items(players: int) -> Iterator[BilledItem]:
    rows = FEATURE_BUILDS * players + SYSTEMS * players
    daily = RUNS * JOB_SECONDS["features"] + JOB_SECONDS["grading"] + JOB_SECONDS["validation"]
    fits = READ_SECONDS + FIT_SECONDS * players / PLAYERS
    seconds = DAYS * (daily + FEATURE_SECONDS * rows) + fits
    fetching = DAYS * fetch_costs.seconds_per_day(players // PLAYERS)
    yield "Cloud Run jobs", "CPU", "job cpu", CPUS * seconds + fetch_costs.CPUS * fetching
    yield "Cloud Run jobs", "memory", "job memory", JOB_GIB * seconds + fetch_costs.MEMORY_GIB * fetching


def _bigquery_items(players: int) -> Iterator[BilledItem]:
    new_bytes = bytes_per_day(players)
    yield "BigQuery", "storage, changed within 90 days", "active storage", 90 * new_bytes / GIB
    yield "BigQuery", "storage, older, after a year", "older storage", 275 * new_bytes / GIB
    yield "BigQuery", "queries", "queries", DAYS * scanned_bytes_per_day(players) / TIB
    staged_bytes = DAYS * RUNS * players * SYSTEMS * BYTES_PER_ROW["prediction_staging"]
    yield "BigQuery", "appends of the Storage Write API", "appends", staged_bytes / GIB


def bytes_per_day(players: int) -> float:
    """Return the bytes of new rows per day."""
    row_bytes = BYTES_PER_ROW
    run = SYSTEMS * sum(
        row_bytes[t] for t in ("prediction_staging", "player_prop_predictions", "prediction_key_outcomes")
    )
    features = sum(
        row_bytes[t] for t in ("ml_feature_store_v2", "player_daily_cache", "upcoming_player_game_context")
    )
    inputs = QUOTES * row_bytes["odds_api_player_points_props"] + row_bytes["player_game_summary"]
    graded = SYSTEMS * row_bytes["prediction_accuracy"]
    return players * (RUNS * run + FEATURE_BUILDS * features + inputs + graded)


def scanned_bytes_per_day(players: int) -> float:
    """Return the bytes billed for queries per day, as if each table were the largest, at least 10 MB."""
    largest = max(MIN_READ_BYTES, RUNS * players * SYSTEMS * BYTES_PER_ROW["player_prop_predictions"])
    history = max(TABLES_READ["features"] * MIN_READ_BYTES, FEATURE_HISTORY_BYTES * players)
    table_reads = RUNS * TABLES_READ["run"] + TABLES_READ["grading"] + TABLES_READ["validation"]
    # A fetch reads inputs, not predictions.
    inputs = max(MIN_READ_BYTES, QUOTES * players * BYTES_PER_ROW["odds_api_player_points_props"])
    return table_reads * largest + FEATURE_BUILDS * history + fetch_costs.table_reads_per_day() * inputs


def _firestore_items(players: int) -> Iterator[BilledItem]:
    runs = DAYS * RUNS
    # A query costs one read even if no run is open.
    yield "Firestore", "reads by /check-stalled", "document reads", CHECKS / 1e6
    yield "Firestore", "reads by runs", "document reads", runs * (2 * players + 20) / 1e6
    writes = runs * (players + 10) + DAYS * 24 * 60
    yield "Firestore", "writes, heartbeats too", "document writes", writes / 1e6
    yield "Firestore", "deletes by expiry", "document deletes", runs * players / 1e6
    yield "Firestore", "documents", "documents", RETENTION_DAYS * RUNS * players * OUTCOME_BYTES / GIB


def declared_schedules() -> int:
    text = (ROOT / "infra" / "schedule.tf").read_text(encoding="utf-8")
    return len(re.findall(r"\bat\s+= \"", text)) + 1


def declared_conditions() -> int:
    """Return the number of alert conditions: one per symptom, late feed, and burn rate of an objective."""
    alerts = (ROOT / "infra" / "alerts.tf").read_text(encoding="utf-8")
    promises = (ROOT / "infra" / "slo.tf").read_text(encoding="utf-8")
    burn = len(re.findall(r"\bgoal = ", promises)) * len(re.findall(r"\blookback = ", promises))
    late = re.findall(r"^    fetch-\w+\s+= \d+$", alerts, flags=re.MULTILINE)
    return len(re.findall(r"\baligner\s+= \"", alerts)) + len(late) + burn


def tables() -> str:
    """Return two Markdown tables: quantities and costs, and prices."""
    normal, console = lines(console=False), lines(console=True)
    at_normal, at_large = (costs(q, normal) for q in _quantities(normal))
    rows = [
        "| product | what | at 1x | $ | at 1000x | $ |",
        "|---|---|--:|--:|--:|--:|",
        *map(_row, normal, at_normal, at_large),
        f"| **total** | | | **{sum(at_normal):,.2f}** | | **{sum(at_large):,.2f}** |",
        *map(_row, console, *(costs(q, console) for q in _quantities(console))),
    ]
    prices = ["| price | $ | for | free per month | source |", "|---|--:|---|--:|---|"]
    for name, p in PRICES.items():
        dollars = f"{p.dollars:.7f}".rstrip("0").rstrip(".")
        free, source = _number(p.free) if p.free else "none", "assumed" if p.assumed else "price list"
        prices.append(f"| {name} | {dollars} | {p.unit} | {free} | {source} |")
    return "\n".join([*rows, "", *prices])


def sources() -> str:
    """Return a Markdown table with the source of each figure."""
    tables_read = ", ".join(f"{n} by {job}" for job, n in TABLES_READ.items())
    coordinator, worker = (f"{seconds:.0f}" for seconds in RUN_SECONDS.values())
    job = f"{min(JOB_SECONDS.values()):.0f} to {max(JOB_SECONDS.values()):.0f}"
    return f"""\
| figure | source |
|---|---|
| {REQUEST_BYTES:,} and {READY_BYTES:,} bytes of a pushed job and report, attributes included | measured |
| bytes of a row in each table, by BigQuery's rules for logical bytes | measured |
| tables read by the statements of one execution: {tables_read} | measured |
| {1000 * WORKER_SECONDS:.0f} ms of worker time per player | measured on one core |
| one call of `/check-stalled` every two minutes | declared in `infra/` |
| schedules, alerts, memory, CPUs, retention periods | declared in `infra/` and the code |
| busy seconds: {coordinator} of the coordinator, {worker} of the worker in a run, {job} of a job | assumed |
| {REQUEST_LOG_BYTES / 1000} kB of log per request, {OUTCOME_BYTES / 1000:.0f} kB per document | assumed |
{fetch_costs.sources()}
| {RELEASE_GIB} GiB for three images, {RELEASE_MINUTES} minutes per release | assumed |"""


def costs(quantities: list[float], items: list[Line]) -> list[float]:
    """Return the dollars of each line; lines with the same price use up its free units in their order."""
    remaining = {name: price.free for name, price in PRICES.items()}
    dollars = []
    for quantity, line in zip(quantities, items, strict=True):
        free = min(remaining[line.price], quantity)
        remaining[line.price] -= free
        dollars.append((quantity - free) * PRICES[line.price].dollars)
    return dollars


def _quantities(items: list[Line]) -> tuple[list[float], list[float]]:
    return [line.quantity for line in items], [line.large for line in items]


def _row(line: Line, cost: float, large_cost: float) -> str:
    unit = PRICES[line.price].unit
    return (
        f"| {line.product} | {line.what} | {_number(line.quantity)} {unit} | {cost:,.2f} | "
        f"{_number(line.large)} {unit} | {large_cost:,.2f} |"
    )


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def page(text: str) -> str:
    """Return the page with current tables between its markers; ``ValueError`` if it has no markers."""
    for name, table in (("costs", tables()), ("credits", fetch_costs.credit_bound()), ("sources", sources())):
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not found or not closed:
            raise ValueError(f"{PAGE.name}: markers {begin} ... {end} not found")
        text = f"{before}{begin}\n{table}\n{end}{after}"
    return text


def main(arguments: list[str]) -> int:
    if arguments == ["--write"]:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return 0
    sys.stdout.write(tables() + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
