"""One player: recent games, the predictions of every system, and their outcomes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from shared.application.queries.shared_connection import shared_connection
from shared.application.views.rows import from_columns
from shared.domain.instants import eastern_date
from shared.domain.players.names import player_lookup as lookup_of
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.errors import NotFound, Rejected
from shared.ports import Clock, Warehouse
from shared.warehouse.statements import query_rows

PREFERRED = "catboost_v9"
GAMES, MAX_GAMES = 20, 82
AHEAD, BACK = timedelta(days=2), timedelta(days=400)
"""Predictions reach at most tomorrow; games are searched over one season and its summer."""


@dataclass(frozen=True)
class PlayedRow:
    """A game of a player. ``minutes`` and ``points`` are None if the player did not play or the game is not
    over; ``why_not`` has the reason. The prediction is the active row of the chosen system."""

    game_date: date
    game_id: str
    team: str
    opponent: str
    is_home: bool | None
    minutes: float | None
    points: int | None
    why_not: str | None
    line: float | None
    predicted: float | None
    edge: float | None
    recommendation: str | None
    outcome: str | None


@dataclass(frozen=True)
class PredictionRow:
    """An active prediction of any system; ``outcome`` is None until it is graded.

    ``tipoff_prediction_id`` and ``tipoff_points``: the prediction that was active at tip-off, if this one
    replaced it later.
    """

    game_date: date
    game_id: str
    system_id: str
    prediction_id: str
    line: float | None
    sportsbook: str | None
    predicted: float
    edge: float | None
    prob_over: float | None
    recommendation: str
    mode: str
    outcome: str | None
    tipoff_prediction_id: str | None
    tipoff_points: float | None


@dataclass(frozen=True)
class PlayerView:
    """``games``: the newest first. ``older``: value of ``before`` for the page with older games."""

    player_id: int
    player_lookup: str
    player_name: str
    team: str
    system: str
    systems: tuple[str, ...]
    games: tuple[PlayedRow, ...]
    predictions: tuple[PredictionRow, ...]
    older: date | None
    before: date | None

    def prediction_of(self, game_id: str, system: str) -> PredictionRow | None:
        return self._by_game_and_system.get((game_id, system))

    @cached_property
    def _by_game_and_system(self) -> dict[tuple[str, str], PredictionRow]:
        """The first prediction of each game and system."""
        return {(p.game_id, p.system_id): p for p in reversed(self.predictions)}


@dataclass(frozen=True)
class Namesake:
    """One of several players with the same spelling; ``team`` is that of the latest game."""

    player_id: int
    player_name: str
    team: str
    last_game: date


@dataclass(frozen=True)
class Namesakes:
    """Several players with the same spelling; their ids differ."""

    player_lookup: str
    players: tuple[Namesake, ...]


class ShowPlayer:
    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse, self._clock = warehouse, clock

    @shared_connection
    def __call__(
        self, player: str, system: str | None = None, games: int = GAMES, before: date | None = None
    ) -> PlayerView | Namesakes:
        """Return the player with an id or a spelling, or all players with that spelling if there are several.

        Runs two statements, three for a spelling. ``before`` selects games before a date. Raises ``NotFound``
        if no player matches.
        """
        if system is not None and system not in SYSTEM_IDS:
            raise Rejected(f"system: {system!r}, expected one of {', '.join(SYSTEM_IDS)}")
        if not 1 <= games <= MAX_GAMES:
            raise Rejected(f"games {games}, expected 1 to {MAX_GAMES}")
        last = before - timedelta(days=1) if before else eastern_date(self._clock.now()) + AHEAD
        player_id = _id_of(player)
        if player_id is None:
            of_spelling = self._players(lookup_of(player), last)
            if not of_spelling:
                raise _not_found(player, last)
            if len(of_spelling) > 1:
                return Namesakes(lookup_of(player), tuple(of_spelling))
            player_id = of_spelling[0].player_id
        played = self._played(player_id, last, games)
        page = played[:games]
        span = {"first": page[-1]["game_date"] if len(played) > games else last - BACK, "last": last}
        predictions = query_rows(self._warehouse, "predictions_of_player", player_id=player_id, **span)
        if not played and not predictions:
            raise _not_found(player, last)
        with_rows = {p["system_id"] for p in predictions}
        systems = tuple(s for s in SYSTEM_IDS if s in with_rows)
        chosen = system or (PREFERRED if PREFERRED in with_rows or not systems else systems[0])
        rows = _games(page, predictions, chosen)
        lookup = (played or predictions)[0]["player_lookup"]
        return PlayerView(
            player_id=player_id,
            player_lookup=lookup,
            player_name=played[0]["player_name"] if played else lookup,
            team=rows[0].team,
            system=chosen,
            systems=systems,
            games=rows,
            predictions=tuple(map(_prediction_row, predictions)),
            older=page[-1]["game_date"] if len(played) > games else None,
            before=before,
        )

    def _players(self, lookup: str, last: date) -> list[Namesake]:
        span = {"first": last - BACK, "last": last}
        rows = query_rows(self._warehouse, "players_of_spelling", player_lookup=lookup, **span)
        return [
            from_columns(Namesake, r, player_name=r["player_name"] or lookup, team=r["team_abbr"])
            for r in rows
        ]

    def _played(self, player_id: int, last: date, games: int) -> list[dict[str, Any]]:
        """Return up to ``games`` + 1 games; the extra one shows that there are older games."""
        span = {"first": last - BACK, "last": last}
        return query_rows(self._warehouse, "games_of_player", player_id=player_id, most=games + 1, **span)


def _id_of(player: str) -> int | None:
    """Return the player id in an address, None if the address has a spelling; an id has at most 18 digits."""
    text = player.strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None


def _not_found(player: str, last: date) -> NotFound:
    return NotFound(f"player {player!r} has no game between {last - BACK} and {last}")


def _games(
    played: Sequence[Mapping[str, Any]], predictions: Sequence[Mapping[str, Any]], system: str
) -> tuple[PlayedRow, ...]:
    """Return games with a box score and predicted games without one, the newest first."""
    played_ids = {g["game_id"] for g in played}
    upcoming = {p["game_id"]: p for p in predictions if p["game_id"] not in played_ids}
    of_system = {p["game_id"]: p for p in predictions if p["system_id"] == system}
    rows = [_row(g, of_system.get(g["game_id"])) for g in (*upcoming.values(), *played)]
    return tuple(sorted(rows, key=lambda r: (r.game_date, r.game_id), reverse=True))


def _row(game: Mapping[str, Any], prediction: Mapping[str, Any] | None) -> PlayedRow:
    """``game`` is a box score, or a prediction if there is no box score."""
    predicted = prediction or dict.fromkeys(
        ("current_points_line", "predicted_points", "line_margin", "recommendation", "outcome")
    )
    return PlayedRow(
        game_date=game["game_date"],
        game_id=game["game_id"],
        team=game["team_abbr"],
        opponent=game["opponent_team_abbr"],
        is_home=game.get("is_home"),
        minutes=game.get("minutes_played"),
        points=game.get("points"),
        why_not=_why_not(game),
        line=predicted["current_points_line"],
        predicted=predicted["predicted_points"],
        edge=predicted["line_margin"],
        recommendation=predicted["recommendation"],
        outcome=predicted["outcome"],
    )


def _why_not(game: Mapping[str, Any]) -> str | None:
    if "is_dnp" not in game:
        return game["void_reason"] or "no box score yet"
    return (game["dnp_reason"] or "did not play") if game["is_dnp"] else None


def _prediction_row(row: Mapping[str, Any]) -> PredictionRow:
    return from_columns(
        PredictionRow,
        row,
        line=row["current_points_line"],
        predicted=row["predicted_points"],
        edge=row["line_margin"],
        mode=row["prediction_run_mode"],
    )
