"""Checks of what loaded rows did not meet: a game, a player, a price, a side, and what loads warned of."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from shared.application.features.slate import QuotedPlayer
from shared.application.ingestion.reconciliation import (
    BY_NAME,
    LINES,
    LOGS,
    MEANING,
    REPORTS,
    UnmatchedRows,
    open_reports,
    unmatched_rows,
)
from shared.application.validation.day import Day
from shared.domain.assignment import SIDE_UNKNOWN, TWO_GAMES
from shared.domain.findings import Finding, info, ok, warning

LOOK_BACK = timedelta(days=30)
"""Box scores of these days make the features of a date."""

NAMED = 5
"""Players that a finding names; it counts the rest."""

LOAD = "props load DIR"
_SHORT = {LINES: "quotes", REPORTS: "injury_report", LOGS: "box_scores"}


def reconciliation(day: Day) -> list[Finding]:
    """Rows without a match, quoted players who are not where they were, and open warnings of loads."""
    rows = unmatched_rows(day.warehouse, day.game_date - LOOK_BACK, day.game_date + timedelta(days=1))
    concerning = [r for r in rows if _concerns(r, day)]
    found = [*_without_match(concerning), *_players(concerning), *_quoted(day.diagnosis.quoted), *_loads(day)]
    return found or [ok("reconciliation", "every row met its game, its player and its price")]


def _concerns(row: UnmatchedRows, day: Day) -> bool:
    """Box scores of the days before, rows of the date, and quotes that lie a day ahead (UTC)."""
    before = (day.game_date - row.game_date).days
    if row.reason == "no_game":
        return row.file_name == LOGS or before == 0 or (row.file_name == LINES and before == -1)
    return before in ((0, 1) if row.file_name == LOGS else (0,))


def _without_match(rows: Sequence[UnmatchedRows]) -> list[Finding]:
    groups: dict[tuple[str, str], list[UnmatchedRows]] = {}
    for row in rows:
        if row.reason not in ("no_player", BY_NAME):
            groups.setdefault((row.file_name, row.reason), []).append(row)
    return [
        warning(
            f"{_SHORT[file]}:{reason}",
            f"{_count(of)} rows of {_dates(of)}: {MEANING[reason]}; the first: {of[0].example}",
            LOAD,
        )
        for (file, reason), of in groups.items()
    ]


def _players(rows: Sequence[UnmatchedRows]) -> list[Finding]:
    found = []
    for file, short in _SHORT.items():
        mine = [r for r in rows if r.file_name == file]
        unmatched, named = ([r for r in mine if r.reason == reason] for reason in ("no_player", BY_NAME))
        if unmatched or named:
            both, first = [*unmatched, *named], (unmatched or named)[0]
            evidence = (
                f"{_count(both)} rows had no player id: {_count(named)} matched by name, "
                f"{_count(unmatched)} unmatched, the first: {first.example}"
            )
            found.append(warning(f"{short}:players", evidence, LOAD if unmatched else None))
    return found


def _quoted(players: Sequence[QuotedPlayer]) -> list[Finding]:
    """Quoted players whose side is unknown, who are quoted in two games, or who changed teams; those out."""
    unknown = [p for p in players if p.reason in (SIDE_UNKNOWN, TWO_GAMES)]
    twice = [p for p in players if p.other_games and p not in unknown]
    joined = [p for p in players if p.team and p.last_team not in ("", p.team)]
    new = [p for p in players if p.team and not p.last_team]
    out = [p for p in players if p.team and not p.expected]
    found = []
    if unknown:
        who = (
            f"{p.player_lookup} in {p.game_id} ({p.reason}, last {p.last_team or 'no team'})" for p in unknown
        )
        evidence = f"{len(unknown)} quoted players are not predicted, their side is unknown: {_named(who)}"
        found.append(warning("quotes:side_unknown", evidence, LOAD))
    if twice:
        who = (f"{p.player_lookup} in {p.game_id}, also in {', '.join(p.other_games)}" for p in twice)
        found.append(warning("quotes:two_games", f"named in two games, the newest counts: {_named(who)}"))
    if joined:
        who = (f"{p.player_lookup}, {p.last_team} to {p.team}" for p in joined)
        evidence = f"{len(joined)} quoted players last played for another team: {_named(who)}"
        found.append(warning("quotes:new_team", evidence))
    if new:
        who = (f"{p.player_lookup} of {p.team}" for p in new)
        found.append(info("quotes:new_players", f"quoted and without a box score, skipped: {_named(who)}"))
    if out:
        who = (f"{p.player_lookup} ({p.reason})" for p in out)
        found.append(info("quotes:not_expected", f"quoted and not expected: {_named(who)}"))
    return found


def _loads(day: Day) -> list[Finding]:
    """What loads warned of on the date, and of box scores in the days before it."""
    reports = open_reports(day.warehouse, day.game_date - LOOK_BACK, day.game_date)
    return [
        warning(
            f"load:{report['file_name'].removesuffix('.parquet')}",
            f"{report['row_count']} rows, loaded {report['loaded_at']:%Y-%m-%d}: {report['reason']}; "
            f"the first: {report['example']}",
            LOAD,
        )
        for report in reports
        if report["file_name"] == LOGS or report["last_game_date"] >= day.game_date
    ]


def _count(rows: Iterable[UnmatchedRows]) -> int:
    return sum(r.row_count for r in rows)


def _dates(rows: Sequence[UnmatchedRows]) -> str:
    first, last = min(r.game_date for r in rows), max(r.game_date for r in rows)
    return f"{first}" if first == last else f"{first} to {last}"


def _named(players: Iterable[str]) -> str:
    names = list(players)
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return "; ".join(names[:NAMED]) + more
