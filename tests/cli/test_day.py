"""``props day``, ``props fetch`` and ``props import`` as commands."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.embedded import sample_league
from tests.cli.test_props import props
from tests.conftest import DAY
from tests.docs.json_commands import checked
from tests.feeds.nba_files import CURRY, game, log, schedule
from tests.fetching.host import Answer, Host, serving
from tests.fetching.test_fetch import SCHEDULE

NOW = sample_league.DEMO_NOW.isoformat()
MARCH = "2025-03-16T12:00:00+00:00"


@pytest.fixture
def home(loaded: Path, tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    shutil.copy(loaded, tmp_path / "home" / "warehouse.duckdb")
    return tmp_path / "home"


@pytest.fixture
def host() -> Iterator[Host]:
    with serving() as found:
        found.answer(SCHEDULE, Answer(schedule(game()).body))
        yield found


def day(home: Path, *arguments: str, **environment: str) -> tuple[int, dict[str, Any]]:
    ended = props(home, "day", *arguments, "--json", **environment)
    assert ended.stderr == ""
    found: dict[str, Any] = checked("props day", ended.stdout)
    return ended.returncode, found


def steps(found: dict[str, Any]) -> dict[str, bool]:
    return {s["name"]: s["is_done"] for s in found["steps"]}


@pytest.mark.slow
def test_a_date_without_fetches_is_built_predicted_graded_and_checked(home: Path) -> None:
    code, found = day(home, "--date", str(DAY), "--no-fetch", PROPS_NOW=NOW)
    assert list(steps(found)) == ["games", "features", "predict", "grade", "check"]
    done = {name: lines for s in found["steps"] for name, lines in [(s["name"], s["lines"])]}
    assert done["predict"][0].startswith("SUCCESS: ")
    assert steps(found)["predict"]
    assert code == (0 if all(steps(found).values()) else 1)
    _, again = day(home, "--date", str(DAY), "--no-fetch", PROPS_NOW=NOW)
    assert [s["lines"][0] for s in again["steps"] if s["name"] == "grade"] == [done["grade"][0].replace(
        done["grade"][0].split(": ")[1], "0 grades new or changed")]  # fmt: skip


def test_a_date_without_games_ends_after_the_schedule(home: Path) -> None:
    code, found = day(home, "--date", "2020-07-01", "--no-fetch", PROPS_NOW=NOW)
    assert (code, list(steps(found))) == (0, ["games"])


def test_feeds_that_fail_are_named_and_the_day_goes_on(host: Host, tmp_path: Path) -> None:
    hosts = dict.fromkeys(("NBA_STATS_URL", "INJURY_REPORT_URL", "ODDS_API_URL"), host.url)
    code, found = day(
        tmp_path, "--date", "2025-03-15", PROPS_NOW=MARCH, FETCH_SECONDS_BETWEEN="0", ODDS_API_KEY="", **hosts
    )
    done = steps(found)
    assert code == 1
    assert (done["fetch schedule"], done["fetch injuries"], done["games"]) == (True, True, True)
    assert not done["fetch odds"]
    assert list(done)[-4:] == ["features", "predict", "grade", "check"]


def test_fetch_prints_what_is_new(host: Host, tmp_path: Path) -> None:
    environment = {"NBA_STATS_URL": host.url, "PROPS_NOW": MARCH, "FETCH_SECONDS_BETWEEN": "0"}
    ended = props(tmp_path, "fetch", "schedule", "--date", "2025-03-15", **environment)
    assert ended.stdout.splitlines() == [
        "schedule 2025-03-15: 1 new response, 0 unchanged",
        "nba-schedule: 1 file, 1 game",
        "nba_schedule: 1 row, 1 new or changed",
    ]
    again = props(tmp_path, "import", "nba-schedule", "--from-raw", PROPS_NOW=MARCH)
    assert again.stdout.splitlines()[-1] == "nba_schedule: 1 row, 0 new or changed"
    plain = props(tmp_path, "fetch", "schedule", "--date", "2025-03-15", "--json", **environment)
    assert checked("props fetch", plain.stdout)["unchanged"] == 1


def test_import_says_what_was_read_and_what_must_be_looked_at(tmp_path: Path) -> None:
    folder = tmp_path / "feeds"
    folder.mkdir()
    (folder / "schedule.json").write_bytes(schedule(game(), game("0012400001")).body)
    (folder / "log.json").write_bytes(log(CURRY).body)
    (folder / "notes.md").write_text("not data")
    ended = props(tmp_path / "home", "import", str(folder), PROPS_NOW=MARCH)
    assert ended.stdout.splitlines() == [
        "nba-game-log: 1 file, 1 box score",
        "nba-schedule: 1 file, 1 game",
        "  games of the pre-season or the All-Star weekend, which are not imported: 1; the first: schedule.json, 0012400001",
        "1 file not read: notes.md",
        "nba_schedule: 1 row, 1 new or changed",
        "player_game_summary: 1 row, 1 new or changed",
    ]
    assert ended.returncode == 0
    plain = props(tmp_path / "home", "import", str(folder), "--json", PROPS_NOW=MARCH)
    assert checked("props import", plain.stdout)["skipped"] == [str(folder / "notes.md")]


def test_feeds_lists_what_can_be_imported(tmp_path: Path) -> None:
    listed = checked("props feeds", props(tmp_path, "feeds", "--json").stdout)["feeds"]
    assert {"nba-schedule", "odds-api", "injury-report"} <= {feed["name"] for feed in listed}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["import"], "expected one or more files or folders, or --from-raw"),
        (
            ["import", "--start-date", "2025-03-15", "x.json"],
            "--start-date and --end-date belong to --from-raw",
        ),
        (["fetch", "lineups", "--date", "2025-03-15"], "'lineups' is not one of 'schedule'"),
        (["fetch", "odds", "--date", "2025-03-15", "--budget", "-1"], "Invalid value for '--budget'"),
    ],
)
def test_wrong_arguments_are_named(arguments: list[str], text: str, tmp_path: Path) -> None:
    ended = props(tmp_path, *arguments)
    assert ended.returncode == 64
    assert text in ended.stderr


def test_an_absent_path_is_an_error_of_one_line(tmp_path: Path) -> None:
    ended = props(tmp_path, "import", str(tmp_path / "absent.json"))
    assert ended.returncode == 1
    assert "no such file or folder, expected a file of a feed or a folder of them" in ended.stderr
