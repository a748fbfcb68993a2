"""Check whether a box score is complete."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MIN_PLAYERS = 5
"""Players that a team needs to play a game."""

MIN_TEAM_MINUTES = 230.0
"""Minutes of a team's players in a finished game: five times 48, less rounding.

The minimum of 24,802 real team-games is 237. Points that add up with fewer belong to a running game.
"""


@dataclass(frozen=True)
class TeamBoxScore:
    """Box-score rows of one team in one game, and the team's score in the schedule.

    ``rows`` counts every row, ``played`` the players who played, ``points`` and ``minutes`` are
    sums over the same players.
    """

    team: str
    score: int
    rows: int
    played: int
    points: int
    minutes: float


def missing_from_box_score(teams: Sequence[TeamBoxScore]) -> str | None:
    """Return what the box score of a finished game lacks, or None if it is complete.

    It is complete when five or more players of each team played, their points add up to the team's score,
    and their minutes add up to a full game.
    """
    return "; ".join(lack for team in teams if (lack := _missing_from_team(team))) or None


def _missing_from_team(t: TeamBoxScore) -> str | None:
    if t.rows == 0:
        return f"{t.team}: no rows"
    lacks = []
    if t.played < MIN_PLAYERS:
        lacks.append(f"{t.played} players played, expected {MIN_PLAYERS} or more")
    if t.points != t.score:
        lacks.append(f"points of {t.rows} rows add up to {t.points}, score {t.score}")
    elif t.minutes < MIN_TEAM_MINUTES:
        lacks.append(f"minutes of {t.rows} rows add up to {t.minutes:.0f}, expected 240 or more")
    return f"{t.team}: {', '.join(lacks)}" if lacks else None
