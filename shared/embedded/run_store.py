"""Runs and outcomes in one SQLite file."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime
from pathlib import Path

from shared.embedded.sqlite import SqliteFile
from shared.errors import Conflict, NotFound
from shared.ports import ACTIVE_STATES, PlayerOutcome, Run, RunState

_ACTIVE = ", ".join(f"'{s}'" for s in ACTIVE_STATES)
_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS runs (
  run_id TEXT PRIMARY KEY, game_date TEXT NOT NULL, state TEXT NOT NULL, opened_at TEXT NOT NULL,
  request TEXT NOT NULL, closed_at TEXT, note TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS one_active_run ON runs (game_date) WHERE state IN ({_ACTIVE});
CREATE TABLE IF NOT EXISTS players (
  run_id TEXT NOT NULL, player_lookup TEXT NOT NULL, game_id TEXT NOT NULL, outcome TEXT, systems TEXT,
  PRIMARY KEY (run_id, player_lookup)) WITHOUT ROWID;
"""
_RUN = "SELECT r.*, (SELECT COUNT(*) FROM players p WHERE p.run_id = r.run_id) AS expected FROM runs r"


class SqliteRunStore:
    """A unique index keeps a second active run of a game date away, whoever opens it."""

    def __init__(self, path: Path) -> None:
        self._file = SqliteFile(path, _SCHEMA, 1)

    def together(self) -> AbstractContextManager[None]:
        return self._file.together()

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

    def expect(self, run_id: str, games: Mapping[str, str]) -> None:
        with self._file.writing() as con:
            con.executemany(
                "INSERT OR IGNORE INTO players (run_id, player_lookup, game_id) "
                f"SELECT run_id, ?, ? FROM runs WHERE run_id = ? AND state IN ({_ACTIVE})",
                [(player, game, run_id) for player, game in games.items()],
            )

    def advance(
        self, run_id: str, come_from: Sequence[RunState], to: RunState, *, note: str | None = None
    ) -> bool:
        closed = None if to in ACTIVE_STATES else datetime.now(UTC).isoformat()
        marks = ", ".join("?" for _ in come_from)
        with self._file.writing() as con:
            changed = con.execute(
                f"UPDATE runs SET state = ?, closed_at = ?, note = COALESCE(?, note) "
                f"WHERE run_id = ? AND state IN ({marks})",
                (to.value, closed, note, run_id, *(s.value for s in come_from)),
            )
            return changed.rowcount == 1

    def record(self, run_id: str, outcomes: Sequence[PlayerOutcome]) -> int:
        with self._file.writing() as con:
            _must_exist(con, run_id)
            con.executemany(
                "UPDATE players SET outcome = ?, systems = ? "
                "WHERE run_id = ? AND player_lookup = ? AND outcome IS NULL",
                [(o.outcome, json.dumps(dict(o.systems)), run_id, o.player_lookup) for o in outcomes],
            )
            left = "SELECT COUNT(*) FROM players WHERE run_id = ? AND outcome IS NULL"
            return int(con.execute(left, (run_id,)).fetchone()[0])

    def get(self, run_id: str) -> Run:
        with self._file.reading() as con:
            row = con.execute(f"{_RUN} WHERE r.run_id = ?", (run_id,)).fetchone()
        if row is None:
            raise NotFound(f"run {run_id!r} does not exist")
        return _run(row)

    def runs(self, *, game_date: date | None = None, limit: int = 50) -> list[Run]:
        only = "" if game_date is None else "WHERE r.game_date = ?"
        params = [] if game_date is None else [game_date.isoformat()]
        with self._file.reading() as con:
            rows = con.execute(
                f"{_RUN} {only} ORDER BY r.opened_at DESC LIMIT ?", (*params, limit)
            ).fetchall()
        return [_run(row) for row in rows]

    def under_way(self) -> list[Run]:
        marks = ", ".join("?" for _ in ACTIVE_STATES)
        with self._file.reading() as con:
            rows = con.execute(
                f"{_RUN} WHERE r.state IN ({marks}) ORDER BY r.opened_at", [s.value for s in ACTIVE_STATES]
            ).fetchall()
        return [_run(row) for row in rows]

    def outcomes(self, run_id: str) -> dict[str, PlayerOutcome | None]:
        with self._file.reading() as con:
            rows = con.execute(
                "SELECT * FROM players WHERE run_id = ? ORDER BY player_lookup", (run_id,)
            ).fetchall()
        return {
            r["player_lookup"]: PlayerOutcome(r["player_lookup"], r["outcome"], json.loads(r["systems"]))
            if r["outcome"]
            else None
            for r in rows
        }

    def games(self, run_id: str) -> dict[str, str]:
        with self._file.reading() as con:
            rows = con.execute("SELECT player_lookup, game_id FROM players WHERE run_id = ?", (run_id,))
            return {r["player_lookup"]: r["game_id"] for r in rows}


def _must_exist(con: sqlite3.Connection, run_id: str) -> None:
    if con.execute("SELECT 1 FROM runs WHERE run_id = ?", (run_id,)).fetchone() is None:
        raise NotFound(f"run {run_id!r} does not exist")


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
