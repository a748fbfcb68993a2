"""Feeds come before what needs them, and an alert waits longer than between two fetches."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import NamedTuple

import pytest

from infra import fetch_costs
from tests.infra.install import ROOT

SCHEDULE = (ROOT / "infra" / "schedule.tf").read_text(encoding="utf-8")
ALERTS = (ROOT / "infra" / "alerts.tf").read_text(encoding="utf-8")
JOBS = (ROOT / "infra" / "jobs.tf").read_text(encoding="utf-8")
ADR = ROOT / "docs" / "adr" / "0038-feeds-are-fetched-by-jobs-of-their-own.md"

DAY = 24 * 60
CLOCK_BACK = 60
"""Minutes by which a night is longer when the clock is put back."""

LAST_GAME_ENDS = 90
"""Minutes after midnight: a game of 22:30 with overtime."""

TIP_OFFS = (19 * 60, 22 * 60)
"""Minutes of the day at which most games begin."""


class Late(NamedTuple):
    """A fetch that comes too late, or too seldom, and what for."""

    fetch: str
    needed_by: str


def times(schedule: str) -> dict[str, list[int]]:
    """Return the minutes of the day at which each scheduled job starts every day."""
    found = re.findall(
        r'^    ([\w-]+)\s*= \{ job = "[\w-]+", at = "(\d+) ([\d,]+) \* \* \*"', schedule, re.MULTILINE
    )
    return {name: [int(h) * 60 + int(minute) for h in hours.split(",")] for name, minute, hours in found}


def timeouts() -> dict[str, int]:
    """Return the minutes after which an attempt of each job is given up."""
    found = re.findall(r"^    ([\w-]+) = \{\n[^}]*?timeout = (\d+)", JOBS, re.MULTILINE)
    return {name: int(seconds) // 60 for name, seconds in found}


def longest_gap(starts: list[int]) -> int:
    return max(b - a for a, b in pairwise([*starts, starts[0] + DAY]))


def comes_before(starts: list[int], moment: int, *, within: int, takes: int) -> bool:
    """Return whether a fetch begins within some minutes of a moment and may take its whole time before it."""
    return any(takes <= moment - start <= within for start in starts)


def too_late(schedule: str) -> set[Late]:
    at, takes = times(schedule), timeouts()
    late = set()
    for name in (n for n in at if n.startswith("features-")):
        for fetch in ("fetch-odds", "fetch-injuries"):
            if not comes_before(at[fetch], at[name][0], within=60, takes=takes[fetch]):
                late.add(Late(fetch, name))
    for tip_off in TIP_OFFS:
        if not comes_before(at["fetch-odds"], tip_off, within=30, takes=takes["fetch-odds"]):
            late.add(Late("fetch-odds", f"{tip_off // 60}:00"))
    morning = at["grading"][0]
    for fetch in ("fetch-schedule", "fetch-boxscores"):
        if not comes_before(at[fetch], morning, within=morning - LAST_GAME_ENDS, takes=takes[fetch]):
            late.add(Late(fetch, "grading"))
    if not at["fetch-schedule"][0] + takes["fetch-schedule"] <= min(at["fetch-odds"] + at["fetch-injuries"]):
        late.add(Late("fetch-schedule", "the day's first rows"))
    return late


def alerts_in_between(schedule: str, alerts: str) -> set[str]:
    """Return the feeds whose alert would fire between two fetches that both succeed."""
    hours = dict(re.findall(r"^    (fetch-\w+)\s*= (\d+)$", alerts, re.MULTILINE))
    return {
        name
        for name, starts in times(schedule).items()
        if name.startswith("fetch-") and longest_gap(starts) + CLOCK_BACK >= int(hours[name]) * 60
    }


def test_feeds_come_before_what_needs_them() -> None:
    assert {n for n in times(SCHEDULE) if n.startswith("fetch-")} == fetch_costs.RESPONSES.keys()
    assert too_late(SCHEDULE) == set()


@pytest.mark.parametrize(
    ("right", "wrong", "late"),
    [
        ('"45 1,5,10,18,21 * * *"', '"55 1,5,10,18,21 * * *"',
         {("fetch-odds", "features-early"), ("fetch-odds", "features-same-day"), ("fetch-odds", "19:00"), ("fetch-odds", "22:00")}),
        ('"45 1,5,10,18,21 * * *"', '"45 1,5,10,18 * * *"', {("fetch-odds", "22:00")}),
        ('"40 1,5,10,13,17,18 * * *"', '"40 1,5,13,17,18 * * *"', {("fetch-injuries", "features-same-day")}),
        ('"0 1,6 * * *"', '"0 1 * * *"', {("fetch-schedule", "grading")}),
        ('"0 1,6 * * *"', '"0 2,6 * * *"', {("fetch-schedule", "the day's first rows")}),
        ('"10 6,10 * * *"', '"10 1,10 * * *"', {("fetch-boxscores", "grading")}),
    ],
)  # fmt: skip
def test_a_feed_that_comes_too_late_is_noticed(right: str, wrong: str, late: set[tuple[str, str]]) -> None:
    assert SCHEDULE.count(right) == 1
    assert too_late(SCHEDULE.replace(right, wrong)) == late


def test_an_alert_waits_longer_than_between_two_fetches() -> None:
    assert alerts_in_between(SCHEDULE, ALERTS) == set()


@pytest.mark.parametrize(
    ("right", "wrong", "feed"),
    [
        ("fetch-boxscores = 22", "fetch-boxscores = 20", "fetch-boxscores"),
        ("fetch-schedule  = 21", "fetch-schedule  = 20", "fetch-schedule"),
        ('"40 1,5,10,13,17,18 * * *"', '"40 1,5,10,13 * * *"', "fetch-injuries"),
        ('"45 1,5,10,18,21 * * *"', '"45 10,18,21 * * *"', "fetch-odds"),
    ],
)
def test_an_alert_between_two_fetches_is_noticed(right: str, wrong: str, feed: str) -> None:
    assert (SCHEDULE + ALERTS).count(right) == 1
    assert alerts_in_between(SCHEDULE.replace(right, wrong), ALERTS.replace(right, wrong)) == {feed}


def test_the_pages_state_the_credits_of_the_schedule() -> None:
    bound = fetch_costs.declared_credits()
    for page in (ADR, ROOT / "infra" / "README.md"):
        text = page.read_text(encoding="utf-8")
        assert f"{bound.month:,} credits" in text
        assert f"{bound.attempts * bound.month:,}" in text
