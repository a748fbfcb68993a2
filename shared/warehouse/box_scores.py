"""Box scores of finished games: which are complete, and what the rest lack."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from typing import Any

from shared.domain.box_scores import MIN_PLAYERS, TeamBoxScore, missing_from_box_score
from shared.ports import Warehouse
from shared.warehouse.statements import query_rows, statement


@dataclass(frozen=True)
class BoxScoreState:
    """The box score of a finished game.

    ``missing``: what it lacks, None if complete. ``whole_at``: when it was first found complete,
    else None; grading waits for it, and grades a later correction at once. ``enough_played``: five or
    more players of each team. ``rows``, ``played`` and ``with_minutes`` count box-score rows of both teams.
    """

    game_id: str
    game_date: date
    tipoff: datetime | None
    missing: str | None
    whole_at: datetime | None
    enough_played: bool
    rows: int
    played: int
    with_minutes: int


def box_score_states(
    warehouse: Warehouse, first: date, last: date, *, also_whole: bool = True
) -> list[BoxScoreState]:
    """Return the state of every finished game; without ``also_whole`` only games that grading waits for, and
    games that have lost rows since."""
    rows = query_rows(
        warehouse, "box_score_totals", first=first, last=last, also_whole=also_whole, least_played=MIN_PLAYERS
    )
    return [_state(list(teams)) for _, teams in groupby(rows, lambda r: (r["game_date"], r["game_id"]))]


def mark_whole_box_scores(warehouse: Warehouse, now: datetime, first: date, last: date) -> int:
    """Store ``now`` for the games whose box score is newly complete; return the number of changed games.

    A game that has lost rows since waits again.
    """
    states = box_score_states(warehouse, first, last, also_whole=False)
    span = {"first": first, "last": last}
    complete = [s.game_id for s in states if s.whole_at is None and s.missing is None]
    incomplete = [s.game_id for s in states if s.whole_at is not None and not s.enough_played]
    statements = []
    if complete:
        statements.append(statement("mark_whole_box_scores", now=now, games=complete, **span))
    if incomplete:
        statements.append(statement("unmark_box_scores", games=incomplete, **span))
    return sum(warehouse.transact(statements)) if statements else 0


def _state(teams: list[dict[str, Any]]) -> BoxScoreState:
    game = teams[0]
    return BoxScoreState(
        game_id=game["game_id"],
        game_date=game["game_date"],
        tipoff=game["game_start_utc"],
        missing=missing_from_box_score(
            [
                TeamBoxScore(t["team"], t["score"], t["box_rows"], t["played"], t["points"], t["minutes"])
                for t in teams
            ]
        ),
        whole_at=game["box_score_whole_at"],
        enough_played=all(t["played"] >= MIN_PLAYERS for t in teams),
        rows=sum(t["box_rows"] for t in teams),
        played=sum(t["played"] for t in teams),
        with_minutes=sum(t["with_minutes"] for t in teams),
    )
