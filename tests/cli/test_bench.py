"""What ``props bench`` says of benches; none is measured here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from backfill_jobs.cli import bench
from backfill_jobs.cli.framework import run
from backfill_jobs.cli.main import app
from tests.bench import suite
from tests.bench.suite import Bench, LeftOut, Measured, Result
from tests.docs.json_commands import checked


def left_out(_: int) -> Measured:
    raise LeftOut("the peer is not installed")


FAST = Bench("fast", "ours / naive", 5, 9, lambda n: Measured([4.0, 8.0, 6.0][:n], {"cpu": 2.0}), quick=True)
SLOW = Bench("slow", "share", 3, 2, lambda n: Measured([4.0] * n), most=True)
ABSENT = Bench("absent", "ours / peer", 1, 1, left_out)


def props(*arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["props", "bench", *arguments])
    return run(app, "props")


@pytest.fixture(autouse=True)
def some(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "benches", lambda: [FAST, SLOW, ABSENT])


def test_json_has_each_ratio_with_its_bar(monkeypatch: Any, capsys: Any) -> None:
    assert props("--json", "--rounds", "3", monkeypatch=monkeypatch) == 1
    out, err = capsys.readouterr()
    fast, slow = checked("props bench", out)
    assert fast["ratio"] == {"min": 4.0, "median": 6.0, "max": 8.0}
    assert (fast["holds"], fast["reaches_aim"], fast["rounds"], fast["bar"], fast["aim"]) == (
        True,
        False,
        3,
        5,
        9,
    )
    assert (slow["holds"], slow["wanted"]) == (False, "at most")
    assert "absent is skipped: the peer is not installed" in err


def test_quick_runs_only_what_takes_seconds(monkeypatch: Any, capsys: Any) -> None:
    assert props("--quick", "--json", monkeypatch=monkeypatch) == 0
    assert [r["name"] for r in json.loads(capsys.readouterr().out)] == ["fast"]


def test_a_name_that_is_none_is_a_usage_error(monkeypatch: Any, capsys: Any) -> None:
    assert props("faster", monkeypatch=monkeypatch) == 64
    told = " ".join(capsys.readouterr().err.split())
    assert "unknown bench 'faster', expected one of fast, slow, absent" in told


def test_outside_a_checkout_it_says_where_the_benches_are(
    monkeypatch: Any, capsys: Any, tmp_path: Path
) -> None:
    monkeypatch.setattr(bench, "ROOT", tmp_path)
    assert props(monkeypatch=monkeypatch) == 64
    assert "part of a checkout" in " ".join(capsys.readouterr().err.split())


@pytest.mark.parametrize(("most", "holds"), [(False, True), (True, False)])
def test_the_median_decides(most: bool, holds: bool) -> None:
    one = Bench("b", "u", 5, 5, lambda _: Measured([]), most=most)
    assert Result(one, Measured([1.0, 6.0, 9.0])).holds is holds
