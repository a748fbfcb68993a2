"""The page of a box score of Basketball-Reference, as a browser saves it."""

from __future__ import annotations

import re
from datetime import date, datetime
from html.parser import HTMLParser
from typing import Any

from shared.application.feeds.basketball_reference import ID_SPACE
from shared.application.feeds.nba_tables import columns_of
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import Feed, FeedRows, RowKind, feed_table

_BASIC = re.compile(r"box-([A-Z]{3})-game-basic")
_ADVANCED = re.compile(r"box-([A-Z]{3})-game-advanced")
_TITLE = re.compile(r"Box Score, ([A-Z][a-z]+ \d{1,2}, \d{4})")
_DATE = "%B %d, %Y"

_COUNTS = {
    "points": "pts", "fgm": "fg", "fga": "fga", "fg3m": "fg3", "fg3a": "fg3a", "ftm": "ft", "fta": "fta",
    "oreb": "orb", "dreb": "drb", "reb": "trb", "ast": "ast", "stl": "stl", "blk": "blk", "tov": "tov",
    "pf": "pf", "plus_minus": "plus_minus",
}  # fmt: skip
_RATES = {"off_rating": "off_rtg", "def_rating": "def_rtg"}

RESERVES = "Reserves"
"""The header inside a table: players before it are the starters."""

_FLAGS = {"Did Not Play": "DNP - Did Not Play", "Did Not Dress": "DND - Did Not Dress",
          "Not With Team": "NWT - Not With Team", "Player Suspended": "Suspended"}  # fmt: skip


class _Tables(HTMLParser):
    """Collects the title, and the rows of each table that has an id: cells by ``data-stat``."""

    def __init__(self) -> None:
        super().__init__()
        self.title = ""
        self.tables: dict[str, list[dict[str, str]]] = {}
        self._table = ""
        self._row: dict[str, str] = {}
        self._cell = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        values = {k: v or "" for k, v in attributes}
        if tag == "title":
            self._in_title = True
        elif tag == "table":
            self._table = values.get("id", "")
        elif tag == "tr":
            self._row = {}
        elif tag in ("td", "th") and "data-stat" in values:
            self._cell = values["data-stat"]
            self._row.setdefault(self._cell, "")
            if values.get("data-append-csv"):
                self._row["slug"] = values["data-append-csv"]

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data
        elif self._cell:
            self._row[self._cell] += data.strip()

    def handle_endtag(self, tag: str) -> None:
        if tag == "title":
            self._in_title = False
        elif tag in ("td", "th"):
            self._cell = ""
        elif tag == "tr" and self._table and self._row:
            self.tables.setdefault(self._table, []).append(self._row)
            self._row = {}
        elif tag == "table":
            self._table = ""


def _recognises(raw: RawFile) -> bool:
    return raw.is_html and _BASIC.search(raw.body.decode("utf-8", "replace")) is not None


def _read(raw: RawFile) -> FeedRows:
    """Read both teams; the visitors' table comes first."""
    page = _Tables()
    page.feed(raw.body.decode("utf-8", "replace"))
    page.close()
    codes = [m[1] for name in page.tables if (m := _BASIC.fullmatch(name))]
    if len(codes) != 2:
        raise FeedError(
            raw.name, f"tables of {len(codes)} teams", "box-XXX-game-basic of two teams; is it complete?"
        )
    day = _day(page.title, raw)
    rows: list[dict[str, Any]] = []
    for side, code in enumerate(codes):
        rates = {r.get("slug"): r for r in page.tables.get(f"box-{code}-game-advanced", ())}
        identity = {"game_date": day, "team": code, "opponent": codes[1 - side], "is_home": side == 1}
        rows += _players(raw, page.tables[f"box-{code}-game-basic"], rates, identity)
    return FeedRows({RowKind.BOX_SCORES: feed_table(RowKind.BOX_SCORES, columns_of(rows))})


def _day(title: str, raw: RawFile) -> date:
    match = _TITLE.search(title)
    if match is None:
        raise FeedError(raw.name, f"title {title[:60]!r}", "'... Box Score, January 1, 2017'")
    return datetime.strptime(match[1], _DATE).date()  # noqa: DTZ007  the page states a date only


def _players(
    raw: RawFile,
    cells: list[dict[str, str]],
    rates: dict[str | None, dict[str, str]],
    identity: dict[str, Any],
) -> list[dict[str, Any]]:
    rows = []
    is_starter = True
    for cell in cells:
        if cell.get("player") == RESERVES:
            is_starter = False
        if "slug" not in cell:  # a header, or the totals of the team
            continue
        place = f"{cell['player']}, {identity['team']}"
        reason = cell.get("reason")
        played = reason is None
        if played and "mp" not in cell:
            raise FeedError(raw.name, "a row without minutes and without a reason", "one of them", place)
        rows.append({
            **identity, "player_name": cell["player"], "source_player_id": cell["slug"],
            "starter": is_starter and played, "did_play": played,
            "dnp_reason": None if reason is None else _FLAGS.get(reason, reason),
            "minutes": _minutes(cell["mp"], raw, place) if played else 0.0,
            **{ours: _count(cell, name, raw, place) if played else None for ours, name in _COUNTS.items()},
            **_rates_of(rates.get(cell["slug"], {}) if played else {}),
        })  # fmt: skip
    return rows


def _minutes(text: str, raw: RawFile, place: str) -> float:
    match = re.fullmatch(r"(\d{1,2}):([0-5]\d)", text)
    if match is None:
        raise FeedError(raw.name, f"minutes {text!r}", "such as 43:27", place)
    return int(match[1]) + int(match[2]) / 60


def _count(cell: dict[str, str], name: str, raw: RawFile, place: str) -> int | None:
    text = cell.get(name, "")
    if name == "plus_minus" and text == "":
        return None
    if not re.fullmatch(r"[+-]?\d+", text):
        raise FeedError(raw.name, f"{name} {text!r}", "a whole number", place)
    return int(text)


def _rate(cell: dict[str, str], name: str) -> float | None:
    return float(cell[name]) if re.fullmatch(r"\d+(\.\d+)?", cell.get(name, "")) else None


def _rates_of(cell: dict[str, str]) -> dict[str, float | None]:
    """Return usage, which the page states in percent, as 0 to 1, and the two ratings."""
    percent = _rate(cell, "usg_pct")
    ratings = {ours: _rate(cell, name) for ours, name in _RATES.items()}
    return {"usage_pct": None if percent is None else round(percent / 100, 6), **ratings}


FEEDS: tuple[Feed, ...] = (Feed("bref-page", "page of a box score (HTML)", _recognises, _read, ID_SPACE),)
