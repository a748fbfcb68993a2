"""One player: his last games, what the systems predicted of them and how it ended."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

from shared.application.queries.shared_connection import shared_connection
from shared.domain.instants import eastern_date
from shared.domain.players.names import player_lookup as lookup_of
from shared.domain.systems.catalog import SYSTEM_IDS
from shared.errors import NotFound, Rejected
from shared.ports import Clock, Warehouse
from shared.warehouse.statements import statement

PREFERRED = "catboost_v9"
GAMES, MOST_GAMES = 20, 82
AHEAD, BACK = timedelta(days=2), timedelta(days=400)
"""Predictions are made for tomorrow at most; games are looked for in a season and its summer."""


@dataclass(frozen=True)
class PlayedRow:
    """A game of a player; ``minutes`` and ``points`` are None where he did not play or it is yet to come,
    ``why_not`` then says so. What is predicted is the chosen system's active row."""

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
class SaidRow:
    """An active prediction of any system, and how it ended; no ``outcome`` while it is not graded.

    ``tipoff_prediction_id`` and ``tipoff_points``: the prediction that was active when the game began, where
    this one replaced it afterwards.
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
    """``games``: the newest first; ``older``: the ``before`` of the page after this one."""

    player_id: int
    player_lookup: str
    player_name: str
    team: str
    system: str
    systems: tuple[str, ...]
    games: tuple[PlayedRow, ...]
    said: tuple[SaidRow, ...]
    older: date | None
    before: date | None

    def said_of(self, game_id: str, system: str) -> SaidRow | None:
        return self._said.get((game_id, system))

    @cached_property
    def _said(self) -> dict[tuple[str, str], SaidRow]:
        """The first of each game and system."""
        return {(s.game_id, s.system_id): s for s in reversed(self.said)}


@dataclass(frozen=True)
class Namesake:
    """One of several players who share a spelling, and the team and date of the newest game."""

    player_id: int
    player_name: str
    team: str
    last_game: date


@dataclass(frozen=True)
class Namesakes:
    """The players of a spelling, who are told apart by their ids."""

    player_lookup: str
    players: tuple[Namesake, ...]


class ShowPlayer:
    def __init__(self, warehouse: Warehouse, clock: Clock) -> None:
        self._warehouse, self._clock = warehouse, clock

    @shared_connection
    def __call__(
        self, player: str, system: str | None = None, games: int = GAMES, before: date | None = None
    ) -> PlayerView | Namesakes:
        """The player of an id, or of a spelling that one player has.

        Two statements, three for a spelling; ``before`` turns back to the games before a date. ``NotFound``
        for nobody.
        """
        if system is not None and system not in SYSTEM_IDS:
            raise Rejected(f"system: {system!r}, wanted one of {', '.join(SYSTEM_IDS)}")
        if not 1 <= games <= MOST_GAMES:
            raise Rejected(f"games {games}, wanted 1 to {MOST_GAMES}")
        last = before - timedelta(days=1) if before else eastern_date(self._clock.now()) + AHEAD
        player_id = _id_of(player)
        if player_id is None:
            of_spelling = self._players(lookup_of(player), last)
            if len(of_spelling) != 1:
                return _namesakes(player, of_spelling, last)
            player_id = of_spelling[0].player_id
        played = self._played(player_id, last, games)
        shown = played[:games]
        first = shown[-1]["game_date"] if len(played) > games else last - BACK
        said = self._said(player_id, first, last)
        if not played and not said:
            raise _nobody(player, last)
        have = {s["system_id"] for s in said}
        systems = tuple(s for s in SYSTEM_IDS if s in have)
        chosen = system or (PREFERRED if PREFERRED in have or not systems else systems[0])
        rows = _games(shown, said, chosen)
        lookup = (played or said)[0]["player_lookup"]
        return PlayerView(
            player_id=player_id,
            player_lookup=lookup,
            player_name=played[0]["player_name"] if played else lookup,
            team=rows[0].team,
            system=chosen,
            systems=systems,
            games=rows,
            said=tuple(map(_said_row, said)),
            older=shown[-1]["game_date"] if len(played) > games else None,
            before=before,
        )

    def _players(self, lookup: str, last: date) -> list[Namesake]:
        asked = statement("players_of_spelling", first=last - BACK, last=last, player_lookup=lookup)
        return [
            Namesake(r["player_id"], r["player_name"] or lookup, r["team_abbr"], r["last_game"])
            for r in self._warehouse.query(asked).to_pylist()
        ]

    def _played(self, player_id: int, last: date, games: int) -> list[dict[str, Any]]:
        """One more than asked for, which tells whether there are older ones."""
        asked = statement(
            "games_of_player", first=last - BACK, last=last, player_id=player_id, most=games + 1
        )
        return list(self._warehouse.query(asked).to_pylist())

    def _said(self, player_id: int, first: date, last: date) -> list[dict[str, Any]]:
        asked = statement("predictions_of_player", first=first, last=last, player_id=player_id)
        return list(self._warehouse.query(asked).to_pylist())


def _id_of(player: str) -> int | None:
    """The id that an address names, None where it names a spelling; an id has at most 18 digits."""
    text = player.strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else None


def _namesakes(player: str, found: Sequence[Namesake], last: date) -> Namesakes:
    if not found:
        raise _nobody(player, last)
    return Namesakes(lookup_of(player), tuple(found))


def _nobody(player: str, last: date) -> NotFound:
    return NotFound(f"player {player!r} has no game between {last - BACK} and {last}")


def _games(
    played: Sequence[Mapping[str, Any]], said: Sequence[Mapping[str, Any]], system: str
) -> tuple[PlayedRow, ...]:
    """Games with a box score, and before them those that are predicted and have none yet."""
    known = {g["game_id"] for g in played}
    coming = {s["game_id"]: s for s in said if s["game_id"] not in known}
    own = {s["game_id"]: s for s in said if s["system_id"] == system}
    rows = [_row(g, own.get(g["game_id"])) for g in (*coming.values(), *played)]
    return tuple(sorted(rows, key=lambda r: (r.game_date, r.game_id), reverse=True))


def _row(game: Mapping[str, Any], said: Mapping[str, Any] | None) -> PlayedRow:
    """``game`` is a box score, or a prediction where there is none."""
    of = said or dict.fromkeys(
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
        line=of["current_points_line"],
        predicted=of["predicted_points"],
        edge=of["line_margin"],
        recommendation=of["recommendation"],
        outcome=of["outcome"],
    )


def _why_not(game: Mapping[str, Any]) -> str | None:
    if "is_dnp" not in game:
        return "no box score yet"
    return (game["dnp_reason"] or "did not play") if game["is_dnp"] else None


def _said_row(row: Mapping[str, Any]) -> SaidRow:
    return SaidRow(
        game_date=row["game_date"],
        game_id=row["game_id"],
        system_id=row["system_id"],
        prediction_id=row["prediction_id"],
        line=row["current_points_line"],
        sportsbook=row["sportsbook"],
        predicted=row["predicted_points"],
        edge=row["line_margin"],
        prob_over=row["prob_over"],
        recommendation=row["recommendation"],
        mode=row["prediction_run_mode"],
        outcome=row["outcome"],
        tipoff_prediction_id=row["tipoff_prediction_id"],
        tipoff_points=row["tipoff_points"],
    )
