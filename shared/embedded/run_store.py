"""Runs and outcomes in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path

from shared.domain.vocabulary import ACTIVE_STATES, Outcome, RunState
from shared.embedded.sqlite import SqliteFile
from shared.errors import Conflict, NotFound
from shared.ports import ExpectedPlayer, PlayerOutcome, Run

_ACTIVE = ", ".join(f"'{s}'" for s in ACTIVE_STATES)
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS runs (
  run_id TEXT PRIMARY KEY, game_date TEXT NOT NULL, state TEXT NOT NULL, opened_at TEXT NOT NULL,
  request TEXT NOT NULL, closed_at TEXT, note TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS one_active_run ON runs (game_date) WHERE state IN ({_ACTIVE});
CREATE TABLE IF NOT EXISTS expected_players (
  run_id TEXT NOT NULL, player_id INTEGER, player_lookup TEXT NOT NULL, game_id TEXT NOT NULL, outcome TEXT,
  systems TEXT, UNIQUE (run_id, player_id));
CREATE UNIQUE INDEX IF NOT EXISTS one_spelling ON expected_players (run_id, player_lookup)
  WHERE player_id IS NULL;
"""
_MIGRATION_2 = (
    "INSERT INTO expected_players (run_id, player_lookup, game_id, outcome, systems) "
    "SELECT run_id, player_lookup, game_id, outcome, systems FROM players",
    "DROP TABLE players",
)
"""Upgrade from version 1, which identified players by name only."""

_RUN = (
    "SELECT r.*, (SELECT COUNT(*) FROM expected_players p WHERE p.run_id = r.run_id) AS expected FROM runs r"
)
_PLAYERS = "SELECT * FROM expected_players WHERE run_id = ? ORDER BY player_lookup, player_id"


class SqliteRunStore:
    """A unique index prevents a second active run of a game date, in all processes."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, _SCHEMA, 2, {2: _MIGRATION_2})

    def batched_writes(self) -> AbstractContextManager[None]:
        return self._file.transaction()

    def open(self, run: Run) -> None:
        with self._file.writing() as con:
            holder = con.execute(
                f"SELECT run_id FROM runs WHERE game_date = ? AND state IN ({_ACTIVE})",
                (run.game_date.isoformat(),),
            ).fetchone()
            if holder:
                raise Conflict(f"a run for {run.game_date} is under way: {holder[0]}", holder[0])
            con.execute(
                "INSERT INTO runs (run_id, game_date, state, opened_at, request) VALUES (?, ?, ?, ?, ?)",
                (
                    run.run_id,
                    run.game_date.isoformat(),
                    run.state.value,
                    run.opened_at.isoformat(),
                    json.dumps(run.request),
                ),
            )

    def expect(self, run_id: str, players: Sequence[ExpectedPlayer]) -> None:
        with self._file.writing() as con:
            con.executemany(
                "INSERT OR IGNORE INTO expected_players (run_id, player_lookup, player_id, game_id) "
                f"SELECT run_id, ?, ?, ? FROM runs WHERE run_id = ? AND state IN ({_ACTIVE})",
                [(*player, run_id) for player in players],
            )

    def advance(
        self, run_id: str, from_states: Sequence[RunState], to: RunState, *, note: str | None = None
    ) -> bool:
        closed_at = None if to in ACTIVE_STATES else datetime.now(UTC).isoformat()
        placeholders = ", ".join("?" for _ in from_states)
        with self._file.writing() as con:
            changed = con.execute(
                f"UPDATE runs SET state = ?, closed_at = ?, note = COALESCE(?, note) "
                f"WHERE run_id = ? AND state IN ({placeholders})",
                (to.value, closed_at, note, run_id, *(s.value for s in from_states)),
            )
            return changed.rowcount == 1

    def record(self, run_id: str, outcomes: Sequence[PlayerOutcome]) -> int:
        with self._file.writing() as con:
            _must_exist(con, run_id)
            con.executemany(
                "UPDATE expected_players SET outcome = ?, systems = ? "
                "WHERE run_id = ? AND player_id IS ? AND (player_id IS NOT NULL OR player_lookup = ?) "
                "AND outcome IS NULL",
                [
                    (o.outcome.text, json.dumps(dict(o.systems)), run_id, o.player_id, o.player_lookup)
                    for o in outcomes
                ],
            )
            pending_count = "SELECT COUNT(*) FROM expected_players WHERE run_id = ? AND outcome IS NULL"
            return int(con.execute(pending_count, (run_id,)).fetchone()[0])

    def get(self, run_id: str) -> Run:
        with self._file.reading() as con:
            row = con.execute(f"{_RUN} WHERE r.run_id = ?", (run_id,)).fetchone()
        if row is None:
            raise NotFound(f"run {run_id!r} does not exist")
        return _run(row)

    def runs(self, *, game_date: date | None = None, limit: int = 50) -> list[Run]:
        condition = "" if game_date is None else "WHERE r.game_date = ?"
        params = [] if game_date is None else [game_date.isoformat()]
        with self._file.reading() as con:
            rows = con.execute(
                f"{_RUN} {condition} ORDER BY r.opened_at DESC LIMIT ?", (*params, limit)
            ).fetchall()
        return [_run(row) for row in rows]

    def active_runs(self) -> list[Run]:
        marks = ", ".join("?" for _ in ACTIVE_STATES)
        with self._file.reading() as con:
            rows = con.execute(
                f"{_RUN} WHERE r.state IN ({marks}) ORDER BY r.opened_at", [s.value for s in ACTIVE_STATES]
            ).fetchall()
        return [_run(row) for row in rows]

    def outcomes(self, run_id: str) -> dict[ExpectedPlayer, PlayerOutcome | None]:
        with self._file.reading() as con:
            return {_player(r): _outcome(r) for r in con.execute(_PLAYERS, (run_id,))}

    def players(self, run_id: str) -> list[ExpectedPlayer]:
        with self._file.reading() as con:
            return [_player(r) for r in con.execute(_PLAYERS, (run_id,))]


def _must_exist(con: sqlite3.Connection, run_id: str) -> None:
    if con.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone() is None:
        raise NotFound(f"run {run_id!r} does not exist")


def _player(row: sqlite3.Row) -> ExpectedPlayer:
    return ExpectedPlayer(row["player_lookup"], row["player_id"], row["game_id"])


def _outcome(row: sqlite3.Row) -> PlayerOutcome | None:
    if not row["outcome"]:
        return None
    outcome = Outcome.parse(row["outcome"])
    return PlayerOutcome(row["player_id"], row["player_lookup"], outcome, json.loads(row["systems"]))


def _run(row: sqlite3.Row) -> Run:
    return Run(
        run_id=row["run_id"],
        game_date=date.fromisoformat(row["game_date"]),
        state=RunState(row["state"]),
        opened_at=datetime.fromisoformat(row["opened_at"]),
        expected=row["expected"],
        request=json.loads(row["request"]),
        closed_at=datetime.fromisoformat(row["closed_at"]) if row["closed_at"] else None,
        note=row["note"],
    )
