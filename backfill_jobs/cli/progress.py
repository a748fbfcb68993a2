"""Progress bars on stderr, so that ``--json`` stays clean; none if stderr is not a terminal."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.status import Status


def waiting(description: str) -> Status:
    """Return a spinner for work without countable steps; shows nothing if stderr is not a terminal."""
    return Console(stderr=True).status(description)


STEPS = {
    "nba_schedule": "load schedule", "player_game_summary": "load box scores",
    "odds_api_player_points_props": "load quotes", "nbac_injury_report": "load injury reports",
    "features": "build features", "train": "train models", "run": "players predicted",
    "grade": "grade dates", "checks": "daily checks",
}  # fmt: skip
"""Text in front of a bar; other steps show their own name."""


class Bars:
    """A progress bar per step, created at its first update; call it with step, done and total."""

    def __init__(self) -> None:
        console = Console(stderr=True)
        self._progress = Progress(
            TextColumn("{task.description:<20}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,  # logs and pipes get no bars
        )
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, step: str, done: int, total: int) -> None:
        if step not in self._tasks:
            self._tasks[step] = self._progress.add_task(STEPS.get(step, step), total=total)
        self._progress.update(self._tasks[step], completed=done, total=total)

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
