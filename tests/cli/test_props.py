from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.embedded.sample_league import AFTER_GAMES, DEMO_NOW
from tests.conftest import DAY
from tests.docs.json_commands import checked
from tests.programs import run_program


def props(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    plain = {**os.environ, "PROPS_HOME": str(home), "NO_COLOR": "1", "COLUMNS": "200", **environment}
    return run_program("backfill_jobs.cli.main", arguments, plain, Path.cwd())


def test_load_build_and_grade_from_the_command_line(tmp_path: Path, league_folder: Path) -> None:
    loaded = props(tmp_path, "load", str(league_folder), "--json")
    assert loaded.returncode == 0, loaded.stderr
    assert json.loads(loaded.stdout)["changed"]["player_game_summary"] > 10_000
    built = props(tmp_path, "features", "build", "--dates", f"{DAY}", "--backfill", "--json")
    assert built.returncode == 0, built.stderr
    (row,) = json.loads(built.stdout)["built"]
    assert (row["game_date"], row["games"]) == (DAY.isoformat(), 6)
    nothing = props(tmp_path, "features", "build", "--dates", "2025-08-01")
    assert (nothing.returncode, nothing.stdout) == (0, "no games on these dates\n")
    graded = props(tmp_path, "grade", "--start-date", f"{DAY}", "--end-date", f"{DAY}", "--json")
    assert graded.returncode == 0, graded.stderr
    told = json.loads(graded.stdout)
    assert (told["outcomes"], told["changed"]) == ({}, 0)
    assert told["dates"] == [
        {
            "game_date": DAY.isoformat(),
            "status": "NO_PREDICTIONS",
            "graded": 0,
            "pending": 0,
            "incomplete_box_scores": [],
        }
    ]
    assert "no runs" in props(tmp_path, "runs", "list").stdout


def test_the_version_is_that_of_the_newest_release_and_of_the_package(tmp_path: Path) -> None:
    shown = props(tmp_path, "--version")
    newest = re.findall(r"^## \[(\d\S*)\]", Path("CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)[0]
    assert (shown.returncode, shown.stdout) == (0, f"props {newest}\n")
    assert version("nba-props") == newest


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["features", "build"], 64, "give --dates"),
        (["features", "build", "--dates", "tomorrow"], 64, "expected YYYY-MM-DD"),
        (
            ["grade", "--dates", "2025-03-02,TODAY+"],
            64,
            "'TODAY+', expected YYYY-MM-DD, TODAY, TODAY+n or TODAY-n",
        ),
        (["validate-daily", "--date", "2025-02-29"], 64, "'2025-02-29': day is out of range"),
        (["features", "build", "--start-date", "2025-03-02", "--end-date", "2025-03-01"], 64, "is before"),
        (["features", "build", "--dates", "2025-03-01", "--as-of", "noon"], 64, "--as-of 'noon'"),
        (["features", "build", "--dates", "2025-03-01", "--as-of", "2025-03-01T12:00"], 64, "no time zone"),
        (["grade", "--start-date", "2025-03-02"], 64, "--end-date"),
        (["grade", "--dates", "2999-01-01"], 64, "after today"),
        (
            ["grade", "--dates", "2025-03-02", "--systems", "catboost_v7"],
            64,
            "'catboost_v7', expected some of",
        ),
        (["predict", "--dates", "2025-03-02", "--min-mlfs-coverage", "190"], 64, "equal to 100"),
        (["predict"], 64, "give --dates"),
        (["coverage", "--dates", "2025-03-02,2025-03-09"], 64, "consecutive"),
        (["signal", "--date", "2025-03-02"], 1, "no signal"),
        (["signal", "--date", "2025-03-02", "--system", "catboost_v7"], 64, "'catboost_v7', expected one of"),
        (["load", "/nowhere"], 64, "/nowhere: no such folder"),
        (["performance", "--system", "catboost_v7"], 64, "'catboost_v7', expected one of"),
        (["sql", "DROP TABLE nba_predictions.prediction_runs"], 1, "expected one SELECT"),
        (["mlfs", "diagnose"], 64, "--date"),
        (["demo", "--data", "/nowhere"], 64, "give both --data and --date"),
        (["demo", "--feed-files", "feeds", "--keep"], 64, "give it without other options"),
        (["unknown"], 64, "unknown"),
    ],
)
def test_bad_usage_and_bad_input_have_their_exit_codes(
    tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    ended = props(tmp_path, *arguments)
    assert ended.returncode == code, ended.stderr
    assert words in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_state_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ended = props(tmp_path / "file" / "home", "runs", "list")
    assert ended.returncode == 1
    assert "cannot be created" in ended.stderr
    assert "Traceback" not in ended.stderr


def demo(home: Path, *arguments: str) -> dict[str, Any]:
    ended = props(home, "demo", "--json", *arguments)
    assert ended.returncode == 0, ended.stderr
    got: dict[str, Any] = checked("props demo", ended.stdout)
    said = got["outcomes"]
    assert got["expected_players"] == said["predicted"] + sum(said["skipped"].values()) + sum(
        said["failed"].values()
    )
    assert got["active_duplicates"] == 0
    assert all(n > 0 for n in got["rows_by_system"].values())
    assert got["graded_by_system"] == got["rows_by_system"]
    assert said["predicted"] >= 0.9 * got["expected_players"]
    return got


@pytest.mark.slow
def test_the_demo_twice_gives_the_same_and_leaves_a_report(tmp_path: Path) -> None:
    first, second = demo(tmp_path), demo(tmp_path)
    for name in first.keys() - {"seconds"}:
        assert first[name] == second[name]
    assert first["games"] == 6
    page = (tmp_path / "demo" / "report.html").read_text()
    assert page.count("<svg") == 2
    assert "catboost_v9_2026_02" in page


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("day", "games"), [("2025-03-19", 11), ("2024-12-20", 3), ("2024-04-14", 15), ("2025-03-14", 10)]
)
def test_the_demo_on_real_data(tmp_path: Path, real_data: Path, day: str, games: int) -> None:
    got = demo(tmp_path, "--data", str(real_data), "--date", day)
    assert got["games"] == games
    assert (got["line_mae"] is None) == (day == "2025-03-14")


def test_a_demo_of_a_date_without_games_is_refused(tmp_path: Path, league_folder: Path) -> None:
    ended = props(tmp_path, "demo", "--data", str(league_folder), "--date", "2025-08-01")
    assert ended.returncode == 1
    assert "2025-08-01: no games" in ended.stderr


WITH_KNOWN_MODELS = """
import runpy
from tests.trained_once import fits_once
with fits_once():
    runpy.run_module("backfill_jobs.cli.main", run_name="__main__", alter_sys=True)
"""
"""The command line in a process of its own, which reads models that were fitted before."""


@pytest.mark.slow
def test_a_demo_that_is_terminated_leaves_no_service_running(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WITH_KNOWN_MODELS, "demo", "--keep"],
        env={**os.environ, "PROPS_HOME": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        urls = [
            line.split()[1] for line in iter(process.stdout.readline, "Ctrl-C stops them\n") if "http" in line
        ]
        assert [httpx.get(f"{url}/health").json()["status"] for url in urls] == ["ok", "ok"]
        process.terminate()
        assert process.wait(15) == 143
    for url in urls:
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/health")


@pytest.mark.slow
def test_what_operators_read(
    tmp_path: Path, loaded: Path, results_folder: Path, model_paths: dict[str, Path]
) -> None:
    """Every report once as a person sees it, at the width of a small terminal."""
    shutil.copy(loaded, tmp_path / "warehouse.duckdb")
    environment = {
        "PROPS_NOW": DEMO_NOW.isoformat(),
        "CATBOOST_V9_MODEL_PATH": str(model_paths["catboost_v9"]),
        "COLUMNS": "80",
    }
    day = DAY.isoformat()

    def told(*arguments: str, code: int = 0) -> str:
        ended = props(tmp_path, *arguments, **environment)
        assert ended.returncode == code, ended.stdout + ended.stderr
        assert all(len(line) <= 80 for line in ended.stdout.splitlines() if "│" in line or "─" in line)
        return ended.stdout

    systems = "moving_average,catboost_v9"
    assert "captured before the as-of" in told("mlfs", "diagnose", "--date", day)
    assert "dry run: up to" in told("predict", "--dates", day, "--systems", systems, "--dry-run")
    assert "no earlier execution of this job" in told("predict", "--status")
    assert "SUCCESS" in told("predict", "--dates", day, "--systems", systems)
    assert "1 of 1 dates done" in told("predict", "--status")
    assert checked("props predict", told("predict", "--status", "--json"))["jobs"][0]["state"] == "ended"
    signals = told("signal", "--date", day)
    assert "on similar earlier days" in signals
    assert " signal  " in signals.splitlines()[2]  # a table, not a list of each row
    assert "not_final" in told("coverage", "--dates", day)
    checks = told("validate-daily", "--date", day, code=2)
    assert "-> props predict" in checks
    assert "dry run: nothing was written" in told("features", "build", "--dates", day, "--dry-run")
    environment["PROPS_NOW"] = AFTER_GAMES.isoformat()
    told("load", str(results_folder))
    assert "GRADED" in told("grade", "--dates", day)
    page = tmp_path / "performance.html"
    read = ("performance", "--system", "catboost_v9", "--days", "7")
    assert str(page) in told(*read, "--by", "edge", "--html", str(page))
    assert page.read_text().count("<svg") == 1
    assert "no games" not in told(*read)
    empty = told("performance", "--system", "catboost_v8", "--html", str(page), code=1)
    assert empty.startswith("catboost_v8: no graded rows from 2025-")
    assert "No row was graded" in page.read_text()
    assert "1 rows" in told("sql", "SELECT COUNT(*) AS n FROM nba_predictions.prediction_accuracy")
    assert "no run is past its deadline" in told("runs", "check-stalled")


@pytest.mark.slow
def test_a_model_from_training_to_its_replay(
    tmp_path: Path, loaded: Path, model_paths: dict[str, Path]
) -> None:
    shutil.copy(loaded, tmp_path / "warehouse.duckdb")
    environment = {"PROPS_NOW": DEMO_NOW.isoformat(), "COLUMNS": "100"}

    def told(*arguments: str, code: int = 0, **more: str) -> str:
        ended = props(tmp_path, *arguments, **environment, **more)
        assert ended.returncode == code, ended.stdout + ended.stderr
        assert "Traceback" not in ended.stderr
        return ended.stdout

    window = ("--train-start", "2024-01-01", "--train-end", "2025-02-01")
    late = ("--eval-start", "2025-02-02", "--eval-end", "2025-03-18")
    told("train", "catboost_v9", *window, "--eval-start", "2025-02-01", "--eval-end", "2025-03-18", code=64)
    trained = json.loads(told("train", "catboost_v9", *window, *late, "--name", "spring", "--json"))
    assert trained["metrics"]["n"] > 100
    assert "candidate" in told("models", "list")
    assert "its golden rows match" in told("models", "verify", "spring")
    refused = told("models", "promote", "spring", "--reason", "looks good", code=1)
    assert "is not promoted: no_overlap, graded, shadow_dates" in refused
    assert "candidate -> shadow" in told("models", "shadow", "spring", "--reason", "on trial")
    champion = told("models", "promote", "spring", "--reason", "season opens", "--override")
    assert "is the champion, overriding" in champion
    assert "FAILED" in told("models", "show", "spring")
    assert json.loads(told("models", "show", "spring", "--json"))["state"] == "champion"
    told("models", "compare", "spring", "nobody", code=1)
    assert "WATCH" in told("models", "health")
    serving = {"CATBOOST_V9_MODEL_PATH": trained["path"]}
    told("predict", "--dates", DAY.isoformat(), "--systems", "catboost_v9", **serving)
    query = "SELECT prediction_id FROM nba_predictions.player_prop_predictions LIMIT 1"
    (row,) = json.loads(told("sql", query, "--json"))["rows"]
    assert "identical, bit for bit" in told("replay", row["prediction_id"])
    assert "mean_of_training" in told("explain", row["prediction_id"])
    assert json.loads(told("explain", row["prediction_id"], "--json"))["clamped"] is False
    assert "is not stored" in props(tmp_path, "replay", "x").stderr
    found = json.loads(told("validate-daily", "--date", DAY.isoformat(), "--json", code=2))["findings"]
    assert any(f["evidence"].startswith("serves the champion") for f in found)
    assert "snapshots invalidated" in told(
        "features", "invalidate", "--dates", DAY.isoformat(), "--reason", "wrong quotes"
    )
    told("features", "invalidate", "--dates", DAY.isoformat(), "--reason", "again", code=1)
    assert "-> retired" in told("models", "retire", "spring", "--reason", "over")
    assert "-> blocked" in told("models", "block", "spring", "--reason", "leaked")
    assert "is already blocked" in told("models", "block", "spring", "--reason", "leaked")
    assert {p.stem for p in model_paths.values()} != {trained["model_id"]}
