"""The newest runs, of one game date or of all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from shared.domain.vocabulary import ACTIVE_STATES
from shared.ports import Run, RunStore

DEFAULT_RUNS, MAX_RUNS = 50, 500


@dataclass(frozen=True)
class RunRow:
    """``took``: time from opening to closing, None while the run is under way."""

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
    """``more``: whether there are older runs."""

    game_date: date | None
    runs: tuple[RunRow, ...]
    more: bool
    under_way: bool


class ListRuns:
    def __init__(self, runs: RunStore) -> None:
        self._runs = runs

    def __call__(self, game_date: date | None = None, limit: int = DEFAULT_RUNS) -> RunList:
        """Return the newest ``limit`` runs, at most 500, the newest first."""
        max_runs = min(max(limit, 1), MAX_RUNS)
        newest_runs = self._runs.runs(game_date=game_date, limit=max_runs + 1)
        return RunList(
            game_date=game_date,
            runs=tuple(map(run_row, newest_runs[:max_runs])),
            more=len(newest_runs) > max_runs,
            under_way=any(r.state in ACTIVE_STATES for r in newest_runs),
        )


def run_row(run: Run) -> RunRow:
    request = run.request
    return RunRow(
        run_id=run.run_id,
        game_date=run.game_date,
        state=run.state.value,
        mode=run.mode.value,
        force=bool(request.get("force")),
        systems=len(request.get("systems", ())),
        expected_players=run.expected,
        opened_at=run.opened_at,
        closed_at=run.closed_at,
        took=run.closed_at - run.opened_at if run.closed_at else None,
        job=request.get("job"),
        reason=request.get("reason"),
        note=run.note,
    )
