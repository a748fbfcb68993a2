"""Every option of every command: what is no date, number, system or file is wrong usage, never a crash."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer

from backfill_jobs.cli.dates import GameDates
from backfill_jobs.cli.framework import CRASH, USAGE, run
from backfill_jobs.cli.main import app

DATES = ("0001-01-01", "9999-12-31", "0", "2025-02-30", "20250319", "TODAY-99999999", "TODAY+999999999", "")
NUMBERS = ("-1", "999999999999999999999999", "1e400", "nan", "inf", "-inf", "x", "true", "")
SYSTEMS = ("nope", "", "catboost_v99")
GOOD = {
    "system": "catboost_v9",
    "query": "SELECT 1 AS one",
    "folder": ".",
    "action": "deploy",
    "outcome": "succeeded",
    "kind": "schedule",
    "player_id": "1",
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROPS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PROPS_NOW", "2025-03-19T16:00:00+00:00")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


def commands() -> Iterator[tuple[list[str], list[Any]]]:
    def walk(command: Any, path: list[str]) -> Iterator[tuple[list[str], list[Any]]]:
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, [*path, name])
        if not hasattr(command, "commands"):
            yield path, [p for p in command.params if p.name != "help" and not getattr(p, "is_flag", False)]

    yield from walk(typer.main.get_command(app), [])


def bad_values(param: Any) -> tuple[str, ...]:
    kind = param.type_descriptor.annotation
    if kind in (date, GameDates):
        return DATES
    if kind in (int, float):
        return NUMBERS
    return SYSTEMS if param.name in ("system", "systems") else ()


def cases() -> list[tuple[list[str], str]]:
    """Command lines in which one value is wrong, and the option that it is given to."""
    found = []
    for path, params in commands():
        for param in params:
            for bad in bad_values(param):
                words = list(path)
                for one in params:
                    if one is not param and not one.required and one.name not in PARTNERS.get(param.name, ()):
                        continue
                    value = bad if one is param else GOOD.get(one.name, _good(one))
                    words += [value] if one.param_type_name == "argument" else [f"{one.opts[0]}={value}"]
                found.append((words, param.opts[0]))
    return found


PARTNERS = {"start_date": ("end_date",), "end_date": ("start_date",), "systems": ("dates",)}
"""Options without which another one says nothing."""


def _good(param: Any) -> str:
    return "2025-03-01" if param.type_descriptor.annotation in (date, GameDates) else "none"


def props(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["props", *words])
    return run(app, "props")


@pytest.mark.slow
def test_a_value_of_no_kind_is_wrong_usage_everywhere(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    asked = cases()
    assert len({tuple(words[:2]) for words, _ in asked}) > 15
    for words, option in asked:
        code = props(monkeypatch, *words)
        told = capsys.readouterr().err
        assert code == USAGE, (words, told[-300:])
        assert "Traceback" not in told
        assert option in told or "expected one of" in told, (words, told)
    assert not (home / "warehouse.duckdb").exists()


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-12:00", "noon", "0"])
def test_an_instant_beyond_the_calendar_is_wrong_usage(monkeypatch: pytest.MonkeyPatch, moment: str) -> None:
    assert props(monkeypatch, "features", "build", "--dates", "2025-03-01", "--as-of", moment) == USAGE
    monkeypatch.setenv("PROPS_NOW", moment)
    assert props(monkeypatch, "features", "build", "--dates", "TODAY") not in (0, CRASH)


@pytest.mark.slow
def test_files_that_cannot_be_read_or_written_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    performance = ("performance", "--system", "catboost_v9", "--html")
    for words, named in (
        (("load", str(tmp_path / "nothing")), "nothing"),
        (("load", str(tmp_path / "file")), "file"),
        (("load", "x" * 5000), "xxx"),
        ((*performance, str(tmp_path)), tmp_path.name),
        ((*performance, str(tmp_path / "file" / "page.html")), "file"),
        ((*performance, "x" * 5000), "xxx"),
    ):
        assert props(monkeypatch, *words) == USAGE, words
        told = capsys.readouterr().err
        assert named in told
        assert "Traceback" not in told
