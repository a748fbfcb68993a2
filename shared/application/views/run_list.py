"""The newest runs, of one game date or of all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.ports import ACTIVE_STATES, Run, RunStore

FEW, MOST = 50, 500


@dataclass(frozen=True)
class RunRow:
    """``took``: from opened to closed, None while it is under way."""

    run_id: str
    game_date: date
    state: str
    mode: str
    force: bool
    systems: int
    expected_players: int
    opened_at: datetime
    closed_at: datetime | None
    took: timedelta | None
    job: str | None
    reason: str | None
    note: str | None


@dataclass(frozen=True)
class RunList:
    """``more``: older ones have been left out."""

    game_date: date | None
    runs: tuple[RunRow, ...]
    more: bool
    under_way: bool


class ListRuns:
    def __init__(self, runs: RunStore) -> None:
        self._runs = runs

    def __call__(self, game_date: date | None = None, limit: int = FEW) -> RunList:
        """The newest ``limit`` first, at most 500."""
        most = min(max(limit, 1), MOST)
        found = self._runs.runs(game_date=game_date, limit=most + 1)
        return RunList(
            game_date=game_date,
            runs=tuple(map(run_row, found[:most])),
            more=len(found) > most,
            under_way=any(r.state in ACTIVE_STATES for r in found),
        )


def run_row(run: Run) -> RunRow:
    asked = run.request
    return RunRow(
        run_id=run.run_id,
        game_date=run.game_date,
        state=run.state.value,
        mode=str(asked.get("mode", "LIVE")),
        force=bool(asked.get("force")),
        systems=len(asked.get("systems", ())),
        expected_players=run.expected,
        opened_at=run.opened_at,
        closed_at=run.closed_at,
        took=run.closed_at - run.opened_at if run.closed_at else None,
        job=asked.get("job"),
        reason=asked.get("reason"),
        note=run.note,
    )
