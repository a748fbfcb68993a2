"""The injury report. The documents are drawn by matplotlib's PDF writer in the layout of the official report: seven
columns, values printed once per group, a wrapped reason above and below its line."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from shared.application.feeds import pdf_words
from shared.application.feeds.injury_report import COLUMNS, first_name_first
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import FeedRows, RowKind

LEFT = (0.03, 0.11, 0.20, 0.28, 0.44, 0.60, 0.72)
Line = tuple[str, str, str, str, str, str, str]
HEAD = "Injury Report: 01/04/24 12:30 PM"

OUT = (
    "01/04/2024",
    "07:30 (ET)",
    "MIL@SAS",
    "San Antonio Spurs",
    "Barlow, Dominick",
    "Questionable",
    "G League - Two-Way",
)
SECOND = ("", "", "", "", "Branham, Malaki", "Doubtful", "Injury/Illness - Right Ankle; Sprain")
GUEST = ("", "", "", "Milwaukee Bucks", "", "", "NOT YET SUBMITTED")
LATE = (
    "",
    "10:00 (ET)",
    "DEN@GSW",
    "Golden State Warriors",
    "Payton II, Gary",
    "Out",
    "Injury/Illness - Left Calf; Strain",
)


def draw(*pages: Sequence[Line], head: str = HEAD, header: Sequence[str] = COLUMNS) -> bytes:
    body = io.BytesIO()
    with PdfPages(body) as pdf:
        for number, lines in enumerate(pages, 1):
            figure = Figure(figsize=(11, 8.5))
            figure.text(0.03, 0.95, head, fontsize=14)
            for x, name in zip(LEFT, header, strict=True):
                figure.text(x, 0.90, name, fontsize=8)
            for i, line in enumerate(lines):
                for x, text in zip(LEFT, line, strict=True):
                    if text:
                        figure.text(x, 0.86 - 0.03 * i, text, fontsize=8)
            figure.text(0.45, 0.03, f"Page {number} of {len(pages)}", fontsize=8)
            pdf.savefig(figure)
    return body.getvalue()


def read(body: bytes, name: str = "report.pdf") -> FeedRows:
    raw = RawFile(name, body)
    return feed_of(raw).read(raw)


def rows(body: bytes) -> list[dict[str, Any]]:
    return read(body).tables[RowKind.INJURIES].to_pylist()


def test_values_that_are_printed_once_hold_for_the_rows_below_and_on_the_next_page() -> None:
    result = read(draw([OUT], [SECOND, GUEST, LATE]))
    found = result.tables[RowKind.INJURIES].to_pylist()
    assert [(r["player_name"], r["team"], r["status"], r["away_team"], r["home_team"]) for r in found] == [
        ("Dominick Barlow", "San Antonio Spurs", "questionable", "MIL", "SAS"),
        ("Malaki Branham", "San Antonio Spurs", "doubtful", "MIL", "SAS"),
        ("Gary Payton II", "Golden State Warriors", "out", "DEN", "GSW"),
    ]
    assert {r["game_date"] for r in found} == {date(2024, 1, 4)}
    assert {r["reported_at_utc"] for r in found} == {datetime(2024, 1, 4, 17, 30, tzinfo=UTC)}
    assert [n.rows for n in result.notes] == [1]


def test_a_wrapped_reason_stands_above_and_below_its_line() -> None:
    above = ("", "", "", "", "", "", "Injury/Illness - Right Knee;")
    below = ("", "", "", "", "", "", "Management")
    assert [r["player_name"] for r in rows(draw([OUT, above, SECOND, below]))] == [
        "Dominick Barlow",
        "Malaki Branham",
    ]


def test_a_report_in_which_nobody_has_submitted_has_no_row() -> None:
    result = read(draw([(*OUT[:4], "", "", "NOT YET SUBMITTED"), GUEST]))
    assert (result.tables, [n.rows for n in result.notes]) == ({}, [2, 0])


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (draw([OUT], head="Injury Report"), "0 different heads 'Injury Report: ...', expected one"),
        (
            draw([SECOND]),
            "no Game Date, Game Time, Matchup, Team above Branham, Malaki, expected all of them",
        ),
        (draw([(*OUT[:5], "Day-To-Day (?)", "")]), None),
        (draw([(*OUT[:5], "Resting", "")]), "status 'Resting' of Barlow, Dominick, expected one of out"),
        (draw([(*OUT[:5], "", "")]), "player 'Barlow, Dominick' with status '', expected both on one line"),
        (draw([("01/04/2024", "", "MIL at SAS", *OUT[3:])]), "expected"),
        (draw([OUT], header=("Date", *COLUMNS[1:])), "before the header, expected a header Game Date"),
        (b"%PDF-1.7 cut", "not a readable PDF document"),
    ],
)
def test_what_a_report_gets_wrong_is_named(body: bytes, text: str | None) -> None:
    if text is None:
        assert rows(body)[0]["status"] == "questionable"
        return
    with pytest.raises(FeedError, match=text):
        rows(body)


def test_a_document_over_the_limits_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pdf_words, "MAX_BYTES", 100)
    with pytest.raises(FeedError, match="bytes, expected at most 100"):
        rows(draw([OUT]))


@pytest.mark.parametrize(
    ("printed", "name"),
    [("Payton II, Gary", "Gary Payton II"), ("Jackson Jr., Jaren", "Jaren Jackson Jr."), ("Nene", "Nene")],
)
def test_names_are_turned_round(printed: str, name: str) -> None:
    assert first_name_first(printed) == name


RECORD = dict(zip(COLUMNS, OUT, strict=True))
EMPTY = dict.fromkeys(COLUMNS) | {"Team": "Milwaukee Bucks", "Reason": "NOT YET SUBMITTED"}


@pytest.mark.parametrize(
    ("name", "hour"), [("Injury-Report_2024-01-04_12_30PM", 17), ("Injury-Report_2024-01-04_12PM", 17)]
)
def test_a_table_gets_its_time_from_its_name(name: str, hour: int) -> None:
    result = read(json.dumps([RECORD, EMPTY]).encode(), f"{name}.json")
    (row,) = result.tables[RowKind.INJURIES].to_pylist()
    assert (row["player_name"], row["status"], row["reported_at_utc"].hour) == (
        "Dominick Barlow",
        "questionable",
        hour,
    )
    text = ",".join(COLUMNS) + "\n" + ",".join(f'"{v}"' for v in RECORD.values()) + "\n"
    assert read(text.encode(), f"{name}.csv").tables[RowKind.INJURIES].to_pylist() == [row]


def test_a_table_without_a_time_is_refused() -> None:
    with pytest.raises(FeedError, match="no time of the report in the file's name, expected Injury-Report_"):
        read(json.dumps([RECORD]).encode(), "injuries.json")
