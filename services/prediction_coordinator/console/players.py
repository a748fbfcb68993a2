"""Pages of players: who there is, and one player's games."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from services.prediction_coordinator.console.pages import Pages, system_named
from services.prediction_coordinator.console.tables import csv_answer
from services.prediction_coordinator.console.views import Views
from shared.application.views.player import GAMES, MOST_GAMES, Namesakes, PlayedRow, PlayerView, SaidRow
from shared.application.views.players import PlayerRow
from shared.errors import Rejected


def add_players(router: APIRouter, pages: Pages, views: Views) -> None:
    @router.get("/console/players")
    def players(request: Request, q: str = "", page: int = 1) -> Response:
        return pages.html(request, "players.html.jinja", view=views.players(q, page))

    @router.get("/console/players.csv")
    def players_csv(q: str = "", page: int = 1) -> Response:
        return csv_answer("players", PlayerRow, views.players(q, page).rows)

    @router.get("/console/players/{player_lookup}.csv")
    def player_csv(
        player_lookup: str,
        table: Literal["games", "said"] = "games",
        system: str | None = None,
        games: int = GAMES,
        before: str | None = None,
    ) -> Response:
        view = views.player(player_lookup, system_named(system), games, pages.date(before, "before"))
        if isinstance(view, Namesakes):
            raise Rejected(_choose(view))
        kind = {"games": PlayedRow, "said": SaidRow}[table]
        return csv_answer(f"{table}-{view.player_lookup}", kind, getattr(view, table))

    @router.get("/console/players/{player_lookup}")
    def player(
        request: Request,
        player_lookup: str,
        system: str | None = None,
        games: int = GAMES,
        before: str | None = None,
    ) -> Response:
        view = views.player(player_lookup, system_named(system), games, pages.date(before, "before"))
        if isinstance(view, Namesakes):
            return pages.html(request, "namesakes.html.jinja", view=view)
        return pages.html(
            request,
            "player.html.jinja",
            view=view,
            number=games,
            most_games=MOST_GAMES,
            chart=_chart(view),
        )


def _choose(found: Namesakes) -> str:
    ids = ", ".join(f"{p.player_id} ({p.player_name}, {p.team})" for p in found.players)
    several = f"{len(found.players)} players are spelled {found.player_lookup!r}"
    return f"player: {several}, wanted the id of one: {ids}"


def _chart(view: PlayerView) -> list[dict[str, Any]]:
    """The oldest first; a game that he did not play has no place in it."""
    return [
        {"date": g.game_date.isoformat(), "points": g.points, "line": g.line, "predicted": g.predicted}
        for g in reversed(view.games)
        if g.points is not None or g.predicted is not None
    ]
