"""Checks of loaded rows without a matching game, player, price or team, and of load warnings."""

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

HISTORY_SPAN = timedelta(days=30)
"""Box scores of this many days before a date are checked: its features use them."""

MAX_NAMED = 5
"""A finding names at most this many players and counts the others."""

LOAD = "props load DIR"
_SHORT = {LINES: "quotes", REPORTS: "injury_report", LOGS: "box_scores"}


def reconciliation(day: Day) -> list[Finding]:
    """Report rows without a match, quoted players with an unclear or new team, and open load warnings."""
    rows = unmatched_rows(day.warehouse, day.game_date - HISTORY_SPAN, day.game_date + timedelta(days=1))
    relevant = [r for r in rows if _is_relevant(r, day)]
    findings = [*_without_match(relevant), *_players(relevant), *_quoted(day.diagnosis.quoted), *_loads(day)]
    return findings or [ok("reconciliation", "every row has its game, player and price")]


def _is_relevant(row: UnmatchedRows, day: Day) -> bool:
    """Whether a row matters for the date: earlier box scores, the date's rows, quotes a day ahead (UTC)."""
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
    findings = []
    for file, short in _SHORT.items():
        file_rows = [r for r in rows if r.file_name == file]
        unmatched, named = ([r for r in file_rows if r.reason == reason] for reason in ("no_player", BY_NAME))
        if unmatched or named:
            both, first = [*unmatched, *named], (unmatched or named)[0]
            evidence = (
                f"{_count(both)} rows had no player id: {_count(named)} matched by name, "
                f"{_count(unmatched)} unmatched, the first: {first.example}"
            )
            findings.append(warning(f"{short}:players", evidence, LOAD if unmatched else None))
    return findings


def _quoted(players: Sequence[QuotedPlayer]) -> list[Finding]:
    """Report quoted players with an unknown team, in two games, with a new team, or not expected."""
    unclear = [p for p in players if p.reason in (SIDE_UNKNOWN, TWO_GAMES)]
    doubled = [p for p in players if p.other_games and p not in unclear]
    changed_team = [p for p in players if p.team and p.last_team not in ("", p.team)]
    newcomers = [p for p in players if p.team and not p.last_team]
    unexpected = [p for p in players if p.team and not p.expected]
    findings = []
    if unclear:
        names = (
            f"{p.player_lookup} in {p.game_id} ({p.reason}, last {p.last_team or 'no team'})" for p in unclear
        )
        evidence = f"{len(unclear)} quoted players are not predicted, their team is unknown: {_join(names)}"
        findings.append(warning("quotes:side_unknown", evidence, LOAD))
    if doubled:
        names = (f"{p.player_lookup} in {p.game_id}, also in {', '.join(p.other_games)}" for p in doubled)
        findings.append(
            warning("quotes:two_games", f"quoted in two games, the newest quote is used: {_join(names)}")
        )
    if changed_team:
        names = (f"{p.player_lookup}, {p.last_team} to {p.team}" for p in changed_team)
        evidence = f"{len(changed_team)} quoted players last played for another team: {_join(names)}"
        findings.append(warning("quotes:new_team", evidence))
    if newcomers:
        names = (f"{p.player_lookup} of {p.team}" for p in newcomers)
        findings.append(info("quotes:new_players", f"quoted without a box score, skipped: {_join(names)}"))
    if unexpected:
        names = (f"{p.player_lookup} ({p.reason})" for p in unexpected)
        findings.append(info("quotes:not_expected", f"quoted but not expected: {_join(names)}"))
    return findings


def _loads(day: Day) -> list[Finding]:
    """Report load warnings on the date, and on box scores in the days before it."""
    reports = open_reports(day.warehouse, day.game_date - HISTORY_SPAN, day.game_date)
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


def _join(players: Iterable[str]) -> str:
    names = list(players)
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return "; ".join(names[:MAX_NAMED]) + more
