"""The league's official injury report, as PDF or as a table of ``nbainjuries``.

Date, time, match-up and team are printed once and hold for the rows below them, also on the next page. A team
that has not submitted its report has no row: its players are unknown, not healthy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.application.feeds.nba_tables import columns_of
from shared.application.feeds.pdf_words import UnreadablePdf, Word, words_of
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import Feed, FeedNote, FeedRows, RowKind, feed_table
from shared.domain.players.injury_status import STATUSES, injury_status

EASTERN = ZoneInfo("America/New_York")

COLUMNS = ("Game Date", "Game Time", "Matchup", "Team", "Player Name", "Current Status", "Reason")
DATE, TIME, MATCHUP, TEAM, PLAYER, STATUS, REASON = COLUMNS
CARRIED = (DATE, TIME, MATCHUP, TEAM)
NOT_SUBMITTED = "NOT YET SUBMITTED"

_HEAD = re.compile(r"Injury Report: (\d\d)/(\d\d)/(\d\d) (\d\d):(\d\d) ([AP]M)")
_NAME = re.compile(r"(\d{4})-(\d\d)-(\d\d)_(\d\d)(?:_(\d\d))?([AP]M)", re.IGNORECASE)
_MATCHUP = re.compile(r"([A-Z]{3})@([A-Z]{3})")
_FOOT = re.compile(r"Page \d+ of \d+")


@dataclass
class Report:
    """Rows of a report; values that are printed once are carried down."""

    file: str
    reported_at: datetime
    rows: list[dict[str, Any]] = field(default_factory=list)
    not_submitted: int = 0
    _carried: dict[str, str] = field(default_factory=dict)

    def add(self, cells: Mapping[str, str], place: str) -> None:
        """Add the row of a line, or count a team that has not submitted."""
        for name in CARRIED:
            if cells.get(name):
                self._carried[name] = cells[name]
        if NOT_SUBMITTED in cells.get(REASON, "").upper():
            self.not_submitted += 1
            return
        player, status = cells.get(PLAYER, ""), cells.get(STATUS, "")
        if not player and not status:
            return  # a line of a reason that is wrapped
        if not player or not status:
            came = f"player {player!r} with status {status!r}"
            raise FeedError(self.file, came, "both on one line", place)
        missing = [name for name in CARRIED if name not in self._carried]
        if missing:
            raise FeedError(self.file, f"no {', '.join(missing)} above {player}", "all of them", place)
        found = injury_status(status)
        if found is None:
            raise FeedError(
                self.file, f"status {status!r} of {player}", f"one of {', '.join(STATUSES)}", place
            )
        match = _MATCHUP.fullmatch(self._carried[MATCHUP])
        if match is None:
            raise FeedError(self.file, f"match-up {self._carried[MATCHUP]!r}", "such as SAS@MIL", place)
        self.rows.append({
            "game_date": _date(self._carried[DATE], self.file, place), "away_team": match[1],
            "home_team": match[2], "team": self._carried[TEAM], "player_name": first_name_first(player),
            "status": found, "reported_at_utc": self.reported_at,
        })  # fmt: skip

    def result(self) -> FeedRows:
        reason = "teams have not submitted, so their players are unknown"
        notes = [FeedNote(reason, self.not_submitted)] if self.not_submitted else []
        if not self.rows:
            return FeedRows({}, (*notes, FeedNote("no player in the report", 0)))
        return FeedRows({RowKind.INJURIES: feed_table(RowKind.INJURIES, columns_of(self.rows))}, tuple(notes))


def first_name_first(name: str) -> str:
    """Return ``Gary Payton II`` for ``Payton II, Gary``."""
    last, comma, first = name.partition(",")
    return f"{first.strip()} {last.strip()}" if comma else name.strip()


def _date(text: str, file: str, place: str) -> date:
    match = re.fullmatch(r"(\d\d)/(\d\d)/(\d{4})", text)
    try:
        return date(int(match[3]), int(match[1]), int(match[2])) if match else date.fromisoformat(text[:10])
    except ValueError as exc:
        raise FeedError(file, f"game date {text!r}", "MM/DD/YYYY", place) from exc


def _instant(year: int, month: int, day: int, hour: int, minute: int, half: str) -> datetime:
    hour = hour % 12 + (12 if half.upper() == "PM" else 0)
    return datetime(year, month, day, hour, minute, tzinfo=EASTERN).astimezone(UTC)


def _read_pdf(raw: RawFile) -> FeedRows:
    try:
        words = words_of(raw.body)
    except UnreadablePdf as exc:
        came, _, expected = str(exc).rpartition(", expected ")
        raise FeedError(raw.name, came, expected) from exc
    heads = {match.groups() for line in _lines(words) if (match := _HEAD.search(_joined(line)))}
    if len(heads) != 1:
        came = f"{len(heads)} different heads 'Injury Report: ...'"
        raise FeedError(raw.name, came, "one, such as 'Injury Report: 01/04/24 12:30 PM'")
    month, day, year, hour, minute, half = heads.pop()
    report = Report(raw.name, _instant(2000 + int(year), int(month), int(day), int(hour), int(minute), half))
    columns: dict[str, float] = {}
    for line in _lines(words):
        text = _joined(line)
        if _HEAD.search(text) or _FOOT.search(text):
            continue
        if found := _header(line):
            columns = found
            continue
        if not columns:
            raise FeedError(raw.name, f"{text[:40]!r} before the header", f"a header {', '.join(COLUMNS)}")
        report.add(_cells(line, columns), f"page {line[0].page + 1}, {text[:60]!r}")
    if not columns:
        raise FeedError(raw.name, "no header", f"a header {', '.join(COLUMNS)}")
    return report.result()


def _lines(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Yield words of one height of a page, from top to bottom, each from left to right."""
    line: list[Word] = []
    for word in sorted(words, key=lambda w: (w.page, -(w.bottom + w.height / 2))):
        same = line and word.page == line[0].page and _middle(line[0]) - _middle(word) < line[0].height * 0.6
        if line and not same:
            yield sorted(line, key=lambda w: w.left)
            line = []
        line.append(word)
    if line:
        yield sorted(line, key=lambda w: w.left)


def _middle(word: Word) -> float:
    return word.bottom + word.height / 2


def _joined(line: Sequence[Word]) -> str:
    return " ".join(word.text for word in line)


def _header(line: Sequence[Word]) -> dict[str, float]:
    """Return the left edge of each column if the line is the header, else nothing."""
    if _joined(line) != " ".join(COLUMNS):
        return {}
    words = iter(line)
    edges = {}
    for name in COLUMNS:
        parts = [next(words) for _ in name.split()]
        edges[name] = parts[0].left
    return edges


def _cells(line: Sequence[Word], columns: Mapping[str, float]) -> dict[str, str]:
    """Return texts by column; a word belongs to the last column that begins at or before it."""
    cells: dict[str, str] = {}
    for word in line:
        name = max(
            (c for c in columns if columns[c] <= word.left + word.height / 2),
            key=columns.__getitem__,
            default=DATE,
        )
        cells[name] = f"{cells[name]} {word.text}" if name in cells else word.text
    return cells


def _is_table(raw: RawFile) -> bool:
    return set(COLUMNS) <= (raw.first_keys if raw.is_json else set(raw.header))


def _read_table(raw: RawFile) -> FeedRows:
    """Read records; the instant of the report is in the file's name, as the league names its reports."""
    match = _NAME.search(raw.name)
    if match is None:
        raise FeedError(
            raw.name,
            "no time of the report in the file's name",
            "Injury-Report_2024-01-04_12_30PM or the like",
        )
    year, month, day, hour, minute = (int(v or 0) for v in match.groups()[:5])
    report = Report(raw.name, _instant(year, month, day, hour, minute, match[6]))
    rows = raw.json if raw.is_json else raw.csv().to_pylist()
    for number, row in enumerate(rows):
        report.add({c: str(row[c]).strip() for c in COLUMNS if row[c] not in (None, "")}, f"row {number}")
    return report.result()


FEEDS: tuple[Feed, ...] = (
    Feed("injury-report", "the league's injury report (PDF)", lambda raw: raw.is_pdf, _read_pdf),
    Feed(
        "injury-report-table",
        "the injury report as a table of nbainjuries (CSV or JSON)",
        _is_table,
        _read_table,
    ),
)
