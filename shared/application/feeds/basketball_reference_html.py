"""Box score pages of Basketball-Reference, as saved by a browser or a program.

A page has two tables for each team, ``box-SAS-game-basic`` and ``box-SAS-game-advanced``; those of quarters
and halves have other ids. The visitors come first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import Feed, FeedNote, FeedRows, RowKind, feed_table

_COUNTS = {
    "points": "pts", "fgm": "fg", "fga": "fga", "fg3m": "fg3", "fg3a": "fg3a", "ftm": "ft", "fta": "fta",
    "oreb": "orb", "dreb": "drb", "reb": "trb", "ast": "ast", "stl": "stl", "blk": "blk", "tov": "tov",
    "pf": "pf",
}  # fmt: skip
"""Our columns and the ``data-stat`` of their cells; ``plus_minus`` is not recorded in old seasons."""

_RATES = {"usage_pct": "usg_pct", "off_rating": "off_rtg", "def_rating": "def_rtg"}
"""Ratings are of the points that a player produces: other values than NBA.com's, of the team with him."""

_TABLE = re.compile(r"box-([A-Z]{3})-game-(basic|advanced)")
_ADDRESS = re.compile(r"/boxscores/(\d{8})0([A-Z]{3})\.html")
_TITLE = re.compile(r"(?:.*: )?(.+?) (?:at|vs\.?) (.+?),? Box Score, ([A-Z][a-z]+ \d{1,2}, \d{4})")
_SLUG = re.compile(r"/players/[a-z]/([^/.]+)\.html")
_OTHER_LEAGUE = re.compile(
    r"basketball-reference\.com/(wnba|gleague|international)/|^/(wnba|gleague|international)/"
)
_MINUTES = re.compile(r"(\d{1,3}):([0-5]\d)")
_TOTALS = "Team Totals"


@dataclass
class _Row:
    """Cells by ``data-stat``; ``slug`` of the player, empty in headers and totals."""

    cells: dict[str, str] = field(default_factory=dict)
    slug: str = ""


@dataclass
class _Table:
    caption: str = ""
    rows: list[_Row] = field(default_factory=list)
    is_closed: bool = False

    def players(self) -> list[tuple[_Row, bool | None]]:
        """Return rows of players, and whether each started; None in a table without the header Reserves."""
        reserves = next((i for i, r in enumerate(self.rows) if r.cells.get("player") == "Reserves"), None)
        return [
            (row, None if reserves is None else i < reserves) for i, row in enumerate(self.rows) if row.slug
        ]

    def totals(self) -> Mapping[str, str] | None:
        return next((r.cells for r in self.rows if r.cells.get("player") == _TOTALS), None)


class _Page(HTMLParser):
    """Collects the tables, the title, the page's own address, and links to other leagues."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[tuple[str, str], _Table] = {}
        self.title = self.address = self.other_league = ""
        self._table: _Table | None = None
        self._stat: str | None = None
        self._in = ""

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag in ("title", "caption"):
            self._in = tag
        elif (tag, found.get("rel")) == ("link", "canonical"):
            self.address = found.get("href", "")
        elif tag == "table":
            match = _TABLE.fullmatch(found.get("id", ""))
            self._table = None if match is None else self.tables.setdefault((match[1], match[2]), _Table())
        elif self._table is not None:
            self._in_table(self._table, tag, found)

    def _in_table(self, table: _Table, tag: str, found: Mapping[str, str]) -> None:
        if tag == "tr":
            table.rows.append(_Row())
        elif tag in ("th", "td") and table.rows:
            self._stat = found.get("data-stat", "")
            row = table.rows[-1]
            row.cells.setdefault(self._stat, "")
            row.slug = found.get("data-append-csv", row.slug)
        elif tag == "a" and self._stat == "player" and table.rows:
            href = found.get("href", "")
            league = _OTHER_LEAGUE.search(href)
            slug = _SLUG.search(href)
            self.other_league = (league[1] or league[2]) if league else self.other_league
            table.rows[-1].slug = table.rows[-1].slug or (slug[1] if slug else "")

    def handle_endtag(self, tag: str) -> None:
        if tag in ("th", "td"):
            self._stat = None
        elif tag in ("title", "caption"):
            self._in = ""
        elif tag == "table" and self._table is not None:
            self._table.is_closed = True
            self._table = None

    def handle_data(self, data: str) -> None:
        if self._in == "title":
            self.title += data
        elif self._table is not None and self._in == "caption":
            self._table.caption += data
        elif self._table is not None and self._stat is not None:
            self._table.rows[-1].cells[self._stat] += data


def _is_box(raw: RawFile) -> bool:
    return raw.is_html and re.search(rb'id="?box-[A-Z]{3}-game-basic', raw.body) is not None


def _read(raw: RawFile) -> FeedRows:
    """Read the players of both teams; a player without minutes has a cell that says why."""
    page = _parsed(raw)
    away, home = _teams(raw, page)
    rows: list[dict[str, Any]] = []
    day = _day(raw, page, home)
    for team, opponent in ((away, home), (home, away)):
        table = page.tables[team, "basic"]
        rates = _rates(raw, page.tables.get((team, "advanced")))
        has_plus_minus = any("plus_minus" in row.cells for row in table.rows)
        for row, is_starter in table.players():
            name = " ".join(row.cells.get("player", "").split())
            rows.append({
                "game_date": day, "team": team, "opponent": opponent, "is_home": team == home,
                "player_name": name, "source_player_id": row.slug, "starter": is_starter,
                **_statistics(raw, row.cells, f"{name}, {team}", has_plus_minus),
                **dict.fromkeys(_RATES), **rates.get(row.slug, {}),
            })  # fmt: skip
    if not rows:
        raise FeedError(raw.name, "tables without a player", "a complete page")
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    notes = tuple(n for team in (away, home) for n in _incomplete(raw, page, team, rows))
    return FeedRows({RowKind.BOX_SCORES: feed_table(RowKind.BOX_SCORES, columns)}, notes)


def _parsed(raw: RawFile) -> _Page:
    try:
        text = raw.body.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise FeedError(raw.name, f"bytes that are not UTF-8 ({exc})", "a page in UTF-8") from exc
    page = _Page()
    # Some tables of a page stand in comments, which a script of the page removes.
    page.feed(text.replace("<!--", "").replace("-->", ""))
    page.close()
    league = page.other_league or (m[1] or m[2] if (m := _OTHER_LEAGUE.search(page.address)) else "")
    if league:
        raise FeedError(raw.name, f"a box score of {league}", "one of the NBA")
    return page


def _teams(raw: RawFile, page: _Page) -> tuple[str, str]:
    """Return the teams of the two complete tables, the visitors first."""
    teams = [team for team, kind in page.tables if kind == "basic"]
    if len(teams) != 2:
        raise FeedError(raw.name, f"box scores of {len(teams)} teams", "two tables box-XXX-game-basic")
    for team in teams:
        table = page.tables[team, "basic"]
        totals = table.totals()
        place = f"box-{team}-game-basic"
        if not table.is_closed or totals is None:
            raise FeedError(raw.name, f"a table without {_TOTALS}", "a complete page", place)
    return teams[0], teams[1]


def _incomplete(
    raw: RawFile, page: _Page, team: str, rows: Sequence[Mapping[str, Any]]
) -> tuple[FeedNote, ...]:
    """Return a note if the points of the players are not those of the team."""
    totals = page.tables[team, "basic"].totals() or {}
    total = _integer(raw, totals.get("pts", ""), f"{_TOTALS} of {team}")
    scored = sum(row["points"] or 0 for row in rows if row["team"] == team)
    if scored == total:
        return ()
    return (FeedNote("teams whose players have other points in sum", 1, f"{team}: {scored}, team {total}"),)


def _day(raw: RawFile, page: _Page, home: str) -> date:
    """Return the date of the page's address or title; refuse a page that names another home team."""
    address = _ADDRESS.search(page.address)
    if address is not None:
        if address[2] != home:
            raise FeedError(
                raw.name, f"home team {address[2]} in the address, {home} in the tables", "one team"
            )
        return _date(raw, address[1], "%Y%m%d")
    title = _TITLE.match(" ".join(page.title.split()))
    if title is None:
        came = f"no address of the page, and the title {page.title.strip()[:60]!r}"
        raise FeedError(raw.name, came, "... at ... Box Score, January 1, 2017")
    caption = page.tables[home, "basic"].caption
    if caption.strip() and title[2] not in caption:
        raise FeedError(
            raw.name, f"home team {title[2]} in the title, table {caption.strip()!r} last", "one team"
        )
    return _date(raw, title[3], "%B %d, %Y")


def _date(raw: RawFile, text: str, form: str) -> date:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC).date()
    except ValueError as exc:
        raise FeedError(raw.name, f"the date {text!r}", "a date of a game") from exc


def _statistics(raw: RawFile, cells: Mapping[str, str], place: str, has_plus_minus: bool) -> dict[str, Any]:
    stats = _COUNTS | ({"plus_minus": "plus_minus"} if has_plus_minus else {})
    reason = cells.get("reason", "").strip()
    if reason:
        return {"did_play": False, "dnp_reason": reason, "minutes": 0.0, **dict.fromkeys(stats)}
    missing = [stat for stat in ("mp", *stats.values()) if stat not in cells]
    if missing:
        raise FeedError(raw.name, f"no cell {', '.join(missing)}", "all of them, or a reason", place)
    minutes = _MINUTES.fullmatch(cells["mp"].strip())
    if minutes is None:
        raise FeedError(raw.name, f"minutes {cells['mp'].strip()!r}", "minutes such as 43:27", place)
    counts = {ours: _integer(raw, cells[stat], f"{stat} of {place}") for ours, stat in stats.items()}
    if counts["points"] is None:
        raise FeedError(raw.name, "no points", "a number", place)
    return {
        "did_play": True, "dnp_reason": None, "minutes": int(minutes[1]) + int(minutes[2]) / 60, **counts,
    }  # fmt: skip


def _integer(raw: RawFile, text: str, place: str) -> int | None:
    """Return a whole number, None for an empty cell."""
    text = text.strip()
    if text and not re.fullmatch(r"[+-]?\d{1,4}", text):
        raise FeedError(raw.name, repr(text), "a whole number", place)
    return int(text) if text else None


def _rates(raw: RawFile, table: _Table | None) -> dict[str, dict[str, float | None]]:
    """Return usage and ratings by player; usage is written in percent."""
    rates = {}
    for row, _ in [] if table is None else table.players():
        values = {ours: _number(raw, row.cells.get(stat, ""), row.slug) for ours, stat in _RATES.items()}
        usage = values["usage_pct"]
        rates[row.slug] = values | {"usage_pct": None if usage is None else usage / 100}
    return rates


def _number(raw: RawFile, text: str, place: str) -> float | None:
    text = text.strip()
    if text and not re.fullmatch(r"\d+(\.\d+)?|\.\d+", text):
        raise FeedError(raw.name, repr(text), "a number", place)
    return float(text) if text else None


FEEDS: tuple[Feed, ...] = (
    Feed("bref-page", "box score page (HTML)", _is_box, _read, "basketball_reference"),
)
