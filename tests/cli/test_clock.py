"""Instants for people are US Eastern with the zone named; what is real time says so."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from backfill_jobs.cli import runs as cli
from shared.application.views.run_progress import Step
from shared.domain.instants import eastern_text
from shared.domain.vocabulary import RunState
from shared.embedded.run_store import SqliteRunStore
from shared.ports import Run
from tests.conftest import DAY

OPENED = datetime(2026, 7, 4, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2025, 3, 19, 21, 0, tzinfo=UTC), "2025-03-19 17:00 EDT"),
        (datetime(2024, 11, 3, 5, 30, tzinfo=UTC), "2024-11-03 01:30 EDT"),
        (datetime(2024, 11, 3, 6, 30, tzinfo=UTC), "2024-11-03 01:30 EST"),  # the hour that comes twice
        (datetime(2025, 1, 1, 3, 0, tzinfo=UTC), "2024-12-31 22:00 EST"),
    ],
)
def test_the_zone_is_named_with_its_season(moment: datetime, text: str) -> None:
    assert eastern_text(moment) == text


def test_runs_are_listed_in_eastern_time_and_json_stays_utc(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = SqliteRunStore(tmp_path / "runs.sqlite")
    store.open(Run("20250319-abc", DAY, RunState.CREATED, OPENED, 0, {}))
    monkeypatch.setattr(cli, "connect_backend", lambda: SimpleNamespace(runs=store))
    monkeypatch.setenv("COLUMNS", "200")
    cli.list_(None, False)
    shown = capsys.readouterr().out
    assert "opened (real time)" in shown
    assert "2026-07-03 23:30 EDT" in shown
    assert "UTC" not in shown
    cli.list_(None, True)
    (row,) = json.loads(capsys.readouterr().out)["runs"]
    assert datetime.fromisoformat(row["opened_at"]) == OPENED
    assert row["opened_at"].endswith(("+00:00", "Z"))


def test_steps_of_a_run_name_the_clock_that_they_follow() -> None:
    assert cli._time_of(Step("Opened", OPENED, "by a job")) == " 2026-07-03 23:30 EDT (real time)"
    assert cli._time_of(Step("Activated", OPENED, "", True)) == " 2026-07-03 23:30 EDT (product clock)"
    assert cli._time_of(Step("Jobs published", None, "")) == ""
