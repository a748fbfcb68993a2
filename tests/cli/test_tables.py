from __future__ import annotations

import pytest

from backfill_jobs.cli.framework import Program, run
from backfill_jobs.cli.output import print_table

COLUMNS = ("system", "rows", "MAE", "why")
ROWS = [
    ("similarity_balanced_v1", 92, 4.15, "25 players without a line, 2 who did not play"),
    ("catboost_v9", 104, None, "[brackets] stay brackets"),
]


def printed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int) -> str:
    monkeypatch.setenv("COLUMNS", str(width))
    print_table("A title", COLUMNS, ROWS)
    return capsys.readouterr().out


@pytest.mark.parametrize("width", [40, 64, 80, 120])
def test_a_table_is_never_wider_than_the_terminal_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], width: int
) -> None:
    out = printed(monkeypatch, capsys, width)
    if width >= 64:
        assert max(map(len, out.splitlines())) <= width
    words = out.split()
    for row in ROWS:
        for value in row:
            for word in str("-" if value is None else value).split():
                assert word in words


def test_where_columns_would_be_too_narrow_each_row_is_a_list(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = printed(monkeypatch, capsys, 50)
    assert "system  similarity_balanced_v1\nrows    92\n" in out
    assert "system  similarity_balanced_v1\n" not in printed(monkeypatch, capsys, 80)


def test_colours_only_where_a_terminal_wants_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    print_table(None, ("", "check"), [("OK", "store")])
    assert "\x1b[32m" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    print_table(None, ("", "check"), [("OK", "store")])
    assert "\x1b[32m" not in capsys.readouterr().out


def test_a_wrong_use_says_where_the_help_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = Program()

    @app.command("grade", examples=("props grade --dates D",))
    def grade(dates: str) -> None:
        """Grade."""

    @app.command("load")
    def load() -> None:
        """Load."""

    monkeypatch.setattr("sys.argv", ["props", "grad"])
    assert run(app, "props") == 64
    said = capsys.readouterr().err
    assert "Did you mean 'grade'" in said
    assert said.endswith("-> props --help\n")
    monkeypatch.setattr("sys.argv", ["props", "grade"])
    assert run(app, "props") == 64
    assert capsys.readouterr().err.endswith("-> props grade --help\n")
    monkeypatch.setattr("sys.argv", ["props", "grade", "--help"])
    assert run(app, "props") == 0
    assert "props grade --dates D" in capsys.readouterr().out
