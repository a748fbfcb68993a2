"""Projections of pick'em sites: PrizePicks, Underdog, DraftKings Pick6.

They are lines without prices. Only the standard line of the points market of one player is read; of several
standard lines of a player the first listed one is the main line.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from shared.application.feeds.nba_tables import columns_of
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import Feed, FeedNote, FeedRows, RowKind, feed_table

EASTERN = ZoneInfo("America/New_York")
POINTS = "Points"
STANDARD = "standard"
LEAGUES = ("NBA",)


@dataclass
class Lines:
    """Lines of one file, and counts of what is left out."""

    file: str
    bookmaker: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    _left_out: Counter[str] = field(default_factory=Counter)
    _seen: set[tuple[object, ...]] = field(default_factory=set)

    def leave_out(self, reason: str) -> None:
        self._left_out[reason] += 1

    def add(
        self,
        player: str,
        line: float,
        tipoff: datetime,
        taken: datetime | None,
        precision: str,
        teams: Sequence[Any],
    ) -> None:
        """Add a line; ``teams``: the two of the game in either order, then the player's or None."""
        if taken is not None and taken >= tipoff:
            self.leave_out("lines of a game that had begun")
            return
        if line * 2 != int(line * 2):
            raise FeedError(self.file, f"line {line}", "a multiple of 0.5", player)
        day = tipoff.astimezone(EASTERN).date()
        key = (player, day, taken)
        self.rows.append({
            "game_date": day, "home_team": teams[0], "away_team": teams[1], "player_name": player,
            "player_team": teams[2], "bookmaker": self.bookmaker, "book_type": "dfs", "line": line,
            "over_price": None, "under_price": None, "is_main": key not in self._seen,
            "snapshot_time_utc": taken, "snapshot_precision": precision if taken is not None else "date",
        })  # fmt: skip
        self._seen.add(key)

    def result(self) -> FeedRows:
        notes = [FeedNote(reason, count) for reason, count in self._left_out.items()]
        if not self.rows:
            return FeedRows({}, (*notes, FeedNote("no standard line of points", 0)))
        return FeedRows({RowKind.QUOTES: feed_table(RowKind.QUOTES, columns_of(self.rows))}, tuple(notes))


def need(item: Any, name: str, file: str, place: str = "") -> Any:
    """Return a field of an object; raise ``FeedError`` if it is absent."""
    if not isinstance(item, Mapping) or name not in item:
        raise FeedError(file, f"no field {name}", f"a field {name}", place)
    return item[name]


def instant(text: object, file: str, place: str) -> datetime:
    """Return an instant of ISO 8601 text with a zone; seven decimals of a second are cut to six."""
    words = str(text)
    try:
        found = datetime.fromisoformat(words.replace("Z", "+00:00"))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise FeedError(file, f"time {text!r}", "ISO 8601 with a zone", place)
    return found.astimezone(UTC)


def number(value: object, file: str, place: str) -> float:
    try:
        return float(str(value))
    except ValueError as exc:
        raise FeedError(file, f"line {value!r}", "a number", place) from exc


def _is_flat(raw: RawFile) -> bool:
    return {"props", "scrapedAt"} <= raw.keys


def _read_flat(raw: RawFile) -> FeedRows:
    """Read the flat form: a list of props, taken at one instant; it does not say who is at home."""
    lines = Lines(raw.name, "prizepicks")
    taken = instant(raw.json["scrapedAt"], raw.name, "scrapedAt")
    for prop in raw.json["props"]:
        player = need(prop, "player", raw.name)
        if need(prop, "sport", raw.name, player) not in LEAGUES:
            lines.leave_out("lines of other leagues")
        elif need(prop, "stat", raw.name, player) != POINTS:
            lines.leave_out("lines of other markets")
        elif need(prop, "oddsType", raw.name, player) != STANDARD:
            lines.leave_out("lines that are not standard")
        else:
            tipoff = instant(need(prop, "startTimeIso", raw.name, player), raw.name, player)
            teams = [need(prop, c, raw.name, player) for c in ("teamCode", "opponentCode", "teamCode")]
            lines.add(player, number(prop["line"], raw.name, player), tipoff, taken, "requested", teams)
    return lines.result()


def _is_projections(raw: RawFile) -> bool:
    return {"data", "included"} <= raw.keys and isinstance(raw.json["data"], list)


def _read_projections(raw: RawFile) -> FeedRows:
    """Read projections as JSON:API: players and games are in ``included``."""
    lines = Lines(raw.name, "prizepicks")
    included = {(i.get("type"), i.get("id")): i.get("attributes", {}) for i in raw.json["included"]}
    for item in raw.json["data"]:
        if item.get("type") != "projection":
            continue
        place = f"projection {item.get('id')}"
        values = need(item, "attributes", raw.name, place)
        player = _related(item, "new_player", included, raw.name, place)
        if player.get("league") not in LEAGUES:
            lines.leave_out("lines of other leagues")
        elif need(values, "stat_type", raw.name, place) != POINTS or "+" in str(player.get("name")):
            lines.leave_out("lines of other markets")
        elif need(values, "odds_type", raw.name, place) != STANDARD:
            lines.leave_out("lines that are not standard")
        else:
            tipoff = instant(need(values, "start_time", raw.name, place), raw.name, place)
            updated = values.get("updated_at")
            taken = instant(updated, raw.name, place) if updated else None
            team = need(player, "team", raw.name, place)
            opponent = str(need(values, "description", raw.name, place)).split()[0]
            line = number(need(values, "line_score", raw.name, place), raw.name, place)
            lines.add(
                need(player, "name", raw.name, place), line, tipoff, taken, "quote", (team, opponent, team)
            )
    return lines.result()


def _related(
    item: Mapping[str, Any], name: str, included: Mapping[Any, Mapping[str, Any]], file: str, place: str
) -> Mapping[str, Any]:
    reference = need(need(need(item, "relationships", file, place), name, file, place), "data", file, place)
    key = (reference.get("type"), reference.get("id"))
    if key not in included:
        raise FeedError(file, f"{name} {key[1]} is not in included", "the player", place)
    return included[key]


def _is_underdog(raw: RawFile) -> bool:
    return {"over_under_lines", "appearances", "players", "games"} <= raw.keys


UNDERDOG_POINTS = "points"


def _read_underdog(raw: RawFile) -> FeedRows:
    """Read over/under lines: a line has an appearance, which has a player and a game."""
    lines = Lines(raw.name, "underdog")
    by_id = {kind: {str(i["id"]): i for i in raw.json[kind]} for kind in ("appearances", "players", "games")}
    for item in raw.json["over_under_lines"]:
        place = f"line {item.get('id')}"
        stat = need(need(item, "over_under", raw.name, place), "appearance_stat", raw.name, place)
        appearance = _at(by_id, "appearances", need(stat, "appearance_id", raw.name, place), raw.name, place)
        player = _at(by_id, "players", need(appearance, "player_id", raw.name, place), raw.name, place)
        if player.get("sport_id") not in LEAGUES:
            lines.leave_out("lines of other leagues")
        elif need(stat, "stat", raw.name, place) != UNDERDOG_POINTS:
            lines.leave_out("lines of other markets")
        elif (
            item.get("status") != "active"
            or item.get("live_event")
            or item.get("line_type", "balanced") != "balanced"
        ):
            lines.leave_out("lines that are suspended, live or not standard")
        else:
            game = _at(by_id, "games", need(appearance, "match_id", raw.name, place), raw.name, place)
            name = f"{player.get('first_name') or ''} {player.get('last_name') or ''}".strip()
            title = str(need(game, "abbreviated_title", raw.name, place))
            away, at, home = title.partition(" @ ")
            if not at:
                raise FeedError(raw.name, f"game {title!r}", "AWAY @ HOME", place)
            updated = item.get("updated_at")
            taken = instant(updated, raw.name, place) if updated else None
            tipoff = instant(need(game, "scheduled_at", raw.name, place), raw.name, place)
            line = number(need(item, "stat_value", raw.name, place), raw.name, place)
            lines.add(name, line, tipoff, taken, "quote", (home, away, None))
    return lines.result()


def _at(
    by_id: Mapping[str, Mapping[str, Any]], kind: str, key: object, file: str, place: str
) -> Mapping[str, Any]:
    if str(key) not in by_id[kind]:
        raise FeedError(file, f"{kind} {key} is not listed", f"an entry of {kind}", place)
    found: Mapping[str, Any] = by_id[kind][str(key)]
    return found


def _is_pick6(raw: RawFile) -> bool:
    if not raw.keys or not all(k.isdigit() for k in raw.keys):
        return False
    return all(isinstance(v, dict) and "pickable" in v for v in raw.json.values())


def _read_pick6(raw: RawFile) -> FeedRows:
    """Read the pickables of DraftKings Pick6, which have no instant at which they were taken."""
    lines = Lines(raw.name, "draftkings_pick6")
    for key, item in raw.json.items():
        place = f"pickable {key}"
        pickable = item["pickable"]
        market = need(need(pickable, "marketCategory", raw.name, place), "marketName", raw.name, place)
        entities = need(pickable, "pickableEntities", raw.name, place)
        if market != POINTS or len(entities) != 1:
            lines.leave_out("lines of other markets")
            continue
        (competition,) = need(entities[0], "pickableCompetitions", raw.name, place)[:1]
        summary = need(competition, "competitionSummary", raw.name, place)
        teams = [need(summary[side], "abbreviation", raw.name, place) for side in ("homeTeam", "awayTeam")]
        active = need(item, "activeMarket", raw.name, place)
        line = number(need(active, "targetValue", raw.name, place), raw.name, place)
        tipoff = instant(need(summary, "startTime", raw.name, place), raw.name, place)
        own = need(need(competition, "team", raw.name, place), "abbreviation", raw.name, place)
        lines.add(
            need(entities[0], "displayName", raw.name, place), line, tipoff, None, "date", (*teams, own)
        )
    return lines.result()


FEEDS: tuple[Feed, ...] = (
    Feed("prizepicks-flat", "PrizePicks, a flat list of props (JSON)", _is_flat, _read_flat),
    Feed("prizepicks", "PrizePicks, projections of its API (JSON)", _is_projections, _read_projections),
    Feed("underdog", "Underdog, over/under lines of its API (JSON)", _is_underdog, _read_underdog),
    Feed("pick6", "DraftKings Pick6, pickables (JSON)", _is_pick6, _read_pick6),
)
