"""Team codes that no game has: replaced if a game shows the team, otherwise a problem.

Evidence that code X means team Y in a file: a row names a game by the source's id, and X is the one code of
the row that is not a team of it; or X usually means Y (PHO, BRK, ...) and with Y the date and the teams are
those of a game. Every row that gives evidence must give the same team.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from shared.application.ingestion.file_contracts import GAMES_FILE, INJURY_FILE, LINES_FILE, LOGS_FILE
from shared.application.ingestion.problems import Note, Problem
from shared.application.ingestion.schedule import Schedule
from shared.domain.findings import Severity
from shared.domain.team_codes import LIKELY, SPELLINGS
from shared.warehouse.history import with_column

TEAM_COLUMNS = {
    LOGS_FILE: ("team", "opponent"),
    LINES_FILE: ("home_team", "away_team"),
    INJURY_FILE: ("team",),
}
"""Columns of each file that name the teams of a row's game."""

ALSO_TEAMS = {LINES_FILE: ("team",)}
"""Columns that name a team and give no evidence."""


@dataclass(frozen=True)
class _Row:
    """Rows that have the same date, game and codes."""

    day: date
    source_id: str | None
    codes: tuple[str, ...]
    first: int
    rows: int


def resolve_team_codes(
    files: dict[str, pa.Table], schedule: Schedule
) -> tuple[dict[str, pa.Table], list[Note], list[Problem]]:
    """Return the files with replaced codes, a note on each replacement, and a problem for each other code."""
    unknown = {
        name: [r for r in _rows(table, name) if any(c not in schedule.codes for c in r.codes)]
        for name, table in files.items()
        if name in TEAM_COLUMNS
    }
    evidence: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for rows in unknown.values():
        for row in rows:
            for code, team, how in _evidence(row, schedule):
                evidence[code][team, how] += row.rows
    teams = {c: pair for c, pairs in evidence.items() if len({t for t, _ in pairs}) == 1 for pair in pairs}
    notes: list[Note] = []
    problems: list[Problem] = []
    resolved = dict(files)
    for name, rows in unknown.items():
        for code in sorted({c for r in rows for c in r.codes if c not in schedule.codes}):
            code_rows = [r for r in rows if code in r.codes]
            if code in teams:
                notes.append(_note(name, code, teams[code], code_rows))
            else:
                problems.append(_problem(name, code, code_rows, evidence.get(code), schedule))
        resolved[name] = _replace_codes(files[name], name, {c: t for c, (t, _) in teams.items()})
    return resolved, notes, problems


def two_codes_of_one_team(games: pa.Table, schedule: Schedule) -> list[Problem]:
    """Problems of a schedule that has a team under two codes in one season (BRK and BKN)."""
    seasons: dict[str, set[str]] = defaultdict(set)
    for game in schedule.games.values():
        seasons[game.season] |= game.teams
    problems = []
    rows = list(zip(*(games[c].to_pylist() for c in ("season", "home_team", "away_team")), strict=True))
    for code, team in SPELLINGS.items():
        bad = [
            i for i, (season, *teams) in enumerate(rows) if code in teams and team in seasons.get(season, ())
        ]
        if bad:
            column = "home_team" if rows[bad[0]][1] == code else "away_team"
            reason = f"the schedule of {rows[bad[0]][0]} has this team as {team} as well"
            problems.append(Problem(GAMES_FILE, reason, column, bad[0], code, len(bad)))
    return problems


def _rows(table: pa.Table, name: str) -> list[_Row]:
    ids = table["game_id"] if "game_id" in table.column_names else pa.nulls(table.num_rows, pa.string())
    columns = TEAM_COLUMNS[name]
    parts = pa.table({"day": table["game_date"], "id": ids, **{c: table[c] for c in columns}})
    parts = parts.append_column("row", pa.array(range(parts.num_rows), pa.int64()))
    groups = parts.group_by(["day", "id", *columns]).aggregate([("row", "min"), ("row", "count")])
    return [
        _Row(g["day"], g["id"], tuple(g[c] for c in columns), g["row_min"], g["row_count"])
        for g in groups.to_pylist()
        if g["day"] is not None and all(g[c] is not None for c in columns)
    ]


def _evidence(row: _Row, schedule: Schedule) -> list[tuple[str, str, str]]:
    """Return (code, team, kind of evidence) for the unknown codes of a row."""
    game = schedule.by_source.get(row.source_id) if row.source_id is not None else None
    if game is not None and game.day == row.day:
        other_codes = [c for c in row.codes if c not in game.teams]
        if len(row.codes) == 2 and len(other_codes) == 1 and other_codes[0] not in schedule.codes:
            (other_team,) = game.teams - set(row.codes)
            return [(other_codes[0], other_team, "by game_id")]
    return _likely(row, schedule, game.teams if game is not None else None)


def _likely(row: _Row, schedule: Schedule, teams: frozenset[str] | None) -> list[tuple[str, str, str]]:
    likely_teams = {c: LIKELY[c] for c in row.codes if c not in schedule.codes and c in LIKELY}
    codes = frozenset(likely_teams.get(c, c) for c in row.codes)
    if len(row.codes) == 2:
        is_game = (row.day, codes) in schedule.by_teams
    else:
        is_game = teams is not None and codes <= teams
    return [(c, team, "by date and opponent") for c, team in likely_teams.items()] if is_game else []


def _note(name: str, code: str, team: tuple[str, str], rows: list[_Row]) -> Note:
    reason = f"team {code}, in no game, read as {team[0]} {team[1]}"
    first = min(rows, key=lambda r: r.first)
    example = f"row {first.first}, {first.day}, {' and '.join(first.codes)}"
    dates = min(r.day for r in rows), max(r.day for r in rows)
    return Note(Severity.WARNING, name, reason, sum(r.rows for r in rows), example, dates)


def _problem(
    name: str, code: str, rows: list[_Row], evidence: Counter[tuple[str, str]] | None, schedule: Schedule
) -> Problem:
    first = min(rows, key=lambda r: r.first)
    column = TEAM_COLUMNS[name][first.codes.index(code)]
    if evidence:
        likely = f"; the games give {' and '.join(sorted({t for t, _ in evidence}))}"
    else:
        likely = f"; likely {LIKELY[code]}" if LIKELY.get(code) in schedule.codes else ""
    reason = f"a team of no game of games.parquet or the warehouse{likely}"
    return Problem(name, reason, column, first.first, code, sum(r.rows for r in rows))


def _replace_codes(table: pa.Table, name: str, teams: dict[str, str]) -> pa.Table:
    if not teams:
        return table
    for column in (*TEAM_COLUMNS[name], *ALSO_TEAMS.get(name, ())):
        coded = pc.dictionary_encode(table[column]).combine_chunks()
        words = pa.array([teams.get(w, w) for w in coded.dictionary.to_pylist()], pa.string())
        table = with_column(table, column, words.take(coded.indices))
    return table
