from __future__ import annotations

import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import typer

from backfill_jobs.cli.dates import dates_in, game_date, game_dates, ranges
from shared.errors import Rejected

LATE = "2025-03-20T03:30:00+00:00"
"""Half past eleven in the evening of the 19th in the east."""


@pytest.fixture(autouse=True)
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROPS_NOW", LATE)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-02-29", date(2024, 2, 29)),
        ("TODAY", date(2025, 3, 19)),
        ("TODAY+1", date(2025, 3, 20)),
        ("TODAY-19", date(2025, 2, 28)),
        ("TODAY-1123", date(2022, 2, 20)),
        ("TODAY+0", date(2025, 3, 19)),
        ("TOMORROW", date(2025, 3, 20)),
        ("1946-01-01", date(1946, 1, 1)),
        ("2999-12-31", date(2999, 12, 31)),
    ],
)
def test_a_date_is_iso_or_counted_from_the_eastern_today(text: str, day: date) -> None:
    assert game_date(text) == day


@pytest.mark.parametrize(
    "text",
    ["", "today", "TODAY1", "TODAY+", "TODAY +1", "TODAY+-1", "TODAY+1.5", "TODAY+٣", "YESTERDAY", "20250319", "0",
     "0001-01-01", "1945-12-31", "3000-01-01", "9999-12-31", "TODAY+99999999999",
     "2025-3-9", "2025-02-30", "2025-W12-3", "2025-03-19T00:00", "TODAY+9999999"],
)  # fmt: skip
def test_anything_else_is_refused_with_what_came_and_what_was_wanted(text: str) -> None:
    with pytest.raises(typer.BadParameter) as refused:
        game_date(text)
    assert repr(text) in str(refused.value)
    assert "expected YYYY-MM-DD, TODAY, TODAY+n or TODAY-n, or TOMORROW" in str(refused.value)


def test_a_list_holds_both_kinds_and_names_the_part_that_is_wrong() -> None:
    found = game_dates("TODAY-1, 2025-03-01,TODAY")
    assert dates_in(ranges(found, None, None)) == [date(2025, 3, 1), date(2025, 3, 18), date(2025, 3, 19)]
    with pytest.raises(typer.BadParameter, match="'TODAY!', expected"):
        game_dates("TODAY,TODAY!")
    with pytest.raises(typer.BadParameter, match="'', expected"):
        game_dates("TODAY,")


def test_a_clock_that_cannot_be_read_is_not_taken_for_a_wrong_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROPS_NOW", "2025-03-20T03:30:00")
    assert game_date("2025-03-19") == date(2025, 3, 19)
    with pytest.raises(Rejected, match=r"PROPS_NOW.*no time zone"):
        game_date("TODAY")
    monkeypatch.setenv("PROPS_BACKEND", "elsewhere")
    with pytest.raises(Rejected, match="props_backend"):
        game_date("TODAY")


def test_on_google_cloud_today_asks_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROPS_BACKEND", "gcp")
    with pytest.raises(Rejected, match="clock cannot be fixed"):
        game_date("TODAY")
    monkeypatch.delenv("PROPS_NOW")
    assert game_date("TODAY") >= date(2025, 3, 19)


@pytest.mark.slow
def test_the_jobs_by_path_take_the_same_dates_and_reading_them_opens_nothing(tmp_path: Path) -> None:
    for job in (
        "prediction/player_prop_predictions",
        "grading/prediction_accuracy/prediction_accuracy_grading",
    ):
        for dates, words in (("TODAY+1,TODAI", "'TODAI', expected"), ("TODAY", "--start-date")):
            ended = subprocess.run(
                [
                    sys.executable,
                    f"backfill_jobs/{job}_backfill.py",
                    "--dates",
                    dates,
                    "--end-date",
                    "TODAY-1",
                ],
                env={"PYTHONPATH": ".", "PROPS_HOME": str(tmp_path / "state"), "COLUMNS": "200"},
                cwd=Path(__file__).parents[2],
                capture_output=True,
                text=True,
                check=False,
            )
            assert ended.returncode == 64, ended.stderr
            assert words in ended.stderr
    assert not (tmp_path / "state").exists()
