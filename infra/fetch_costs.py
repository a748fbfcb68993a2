"""Fetches of feeds, as the schedule declares them: time, responses, credits of The Odds API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent

# Declared: infra/jobs.tf.
CPUS, MEMORY_GIB = 1, 2

# Assumed; to be replaced by the numbers of a bill.
START_SECONDS, RESPONSE_SECONDS = 30.0, 1.0
"""Seconds of a fetch for its start and the import, and for each response."""

TABLES_READ = 30
"""References to tables in the statements of one fetch."""

RESPONSES = {"fetch-boxscores": 16, "fetch-injuries": 1, "fetch-odds": 16, "fetch-schedule": 1}
"""Responses of one fetch on a date of 15 games, the list of games included."""

RESPONSE_BYTES = {
    "fetch-boxscores": 100_000,
    "fetch-injuries": 200_000,
    "fetch-odds": 40_000,
    "fetch-schedule": 5_000_000,
}


class Credits(NamedTuple):
    """Daily fetches, credits and attempts of one, and credits of a month of 31 days with one attempt each."""

    fetches: int
    budget: int
    attempts: int
    month: int


def declared_fetches() -> dict[str, int]:
    """Return the daily fetches of each feed."""
    text = (FOLDER / "schedule.tf").read_text(encoding="utf-8")
    schedules = re.findall(r'job = "(fetch-\w+)", at = "\d+ ([\d,]+) \* \* \*"', text)
    return {feed: len(hours.split(",")) for feed, hours in schedules}


def declared_credits() -> Credits:
    """Return the credits that the schedule can use; ``ValueError`` if a fetch of odds has no budget."""
    jobs = (FOLDER / "jobs.tf").read_text(encoding="utf-8")
    declared = re.search(r"^    fetch-odds = \{$(.*?)^    \}$", jobs, flags=re.MULTILINE | re.DOTALL)
    job = declared[1] if declared else ""
    retries, budget = re.search(r"retries = (\d+)", job), re.search(r'"--budget", "(\d+)"', job)
    if retries is None or budget is None:
        raise ValueError("infra/jobs.tf: fetch-odds has no retries or no --budget, expected both")
    fetches = declared_fetches()["fetch-odds"]
    return Credits(fetches, int(budget[1]), 1 + int(retries[1]), fetches * int(budget[1]) * 31)


def responses_per_day(scale: int) -> int:
    """Return the responses that all fetches of a day store."""
    return scale * sum(n * RESPONSES[feed] for feed, n in declared_fetches().items())


def response_items(scale: int, days: int) -> Iterator[tuple[str, str, str, float]]:
    """Yield the billed items of storing responses: product, item, price, quantity after a year."""
    new_bytes = scale * sum(n * RESPONSES[f] * RESPONSE_BYTES[f] for f, n in declared_fetches().items())
    yield "Cloud Storage", "responses of feeds, for 30 days", "objects", 30 * new_bytes / 2**30
    yield "Cloud Storage", "responses, older, after a year", "nearline", 335 * new_bytes / 2**30
    thousands = days * responses_per_day(scale) / 1000
    yield "Cloud Storage", "responses written, later made Nearline", "responses", thousands


def seconds_per_day(scale: int) -> float:
    """Return the seconds of all fetches of a day."""
    return START_SECONDS * sum(declared_fetches().values()) + RESPONSE_SECONDS * responses_per_day(scale)


def table_reads_per_day() -> int:
    """Return the references to tables in all statements of a day's fetches."""
    return TABLES_READ * sum(declared_fetches().values())


def credit_bound() -> str:
    """Return the sentences of docs/costs.md on the credits of The Odds API."""
    fetches, budget, attempts, month = declared_credits()
    return (
        f"{fetches} fetches a day with `--budget {budget}` use at most **{month:,} credits** in a month of "
        f"31 days.\nIf every fetch fails and is repeated, it is {attempts} times as many: "
        f"{attempts * month:,}."
    )


def sources() -> str:
    """Return the rows of docs/costs.md on the sources of these figures."""
    smallest, largest = (f(RESPONSE_BYTES.values()) / 1e6 for f in (min, max))
    start, each = START_SECONDS, RESPONSE_SECONDS
    return f"""\
| {start:.0f} s for a fetch and {each:.0f} s per response, {TABLES_READ} tables read | assumed |
| {smallest:g} to {largest:g} MB for a response of a feed | assumed |"""
