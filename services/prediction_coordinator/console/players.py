"""Player pages: the search, names without a player, and one player's games."""

from __future__ import annotations

from typing import Any, Literal

from fastapi import APIRouter, Request, Response

from services.prediction_coordinator.console.pages import Pages, parse_system
from services.prediction_coordinator.console.tables import csv_response
from services.prediction_coordinator.console.views import Views
from shared.application.views.player import GAMES, MAX_GAMES, Namesakes, PlayedRow, PlayerView, PredictionRow
from shared.application.views.players import PlayerRow
from shared.application.views.unresolved import UnresolvedRow
from shared.errors import Rejected


def add_players(router: APIRouter, pages: Pages, views: Views) -> None:
    @router.get("/console/players")
    def players(request: Request, q: str = "", page: int = 1) -> Response:
        return pages.html(request, "players.html.jinja", view=views.players(q, page))

    @router.get("/console/players.csv")
    def players_csv(q: str = "", page: int = 1) -> Response:
        return csv_response("players", PlayerRow, views.players(q, page).rows)

    @router.get("/console/unresolved")
    def unresolved(request: Request) -> Response:
        return pages.html(request, "unresolved.html.jinja", view=views.unresolved())

    @router.get("/console/unresolved.csv")
    def unresolved_csv() -> Response:
        return csv_response("unresolved", UnresolvedRow, views.unresolved().rows)

    @router.get("/console/players/{player_lookup}.csv")
    def player_csv(
        player_lookup: str,
        table: Literal["games", "said"] = "games",
        system: str | None = None,
        games: int = GAMES,
        before: str | None = None,
    ) -> Response:
        view = views.player(player_lookup, parse_system(system), games, pages.date(before, "before"))
        if isinstance(view, Namesakes):
            raise Rejected(_ambiguous_spelling(view))
        kind, rows = {"games": (PlayedRow, view.games), "said": (PredictionRow, view.predictions)}[table]
        return csv_response(f"{table}-{view.player_lookup}", kind, rows)

    @router.get("/console/players/{player_lookup}")
    def player(
        request: Request,
        player_lookup: str,
        system: str | None = None,
        games: int = GAMES,
        before: str | None = None,
    ) -> Response:
        view = views.player(player_lookup, parse_system(system), games, pages.date(before, "before"))
        if isinstance(view, Namesakes):
            return pages.html(request, "namesakes.html.jinja", view=view)
        return pages.html(
            request, "player.html.jinja", view=view, number=games, max_games=MAX_GAMES, chart=_chart(view)
        )


def _ambiguous_spelling(namesakes: Namesakes) -> str:
    ids = ", ".join(f"{p.player_id} ({p.player_name}, {p.team})" for p in namesakes.players)
    players = f"{len(namesakes.players)} players have the spelling {namesakes.player_lookup!r}"
    return f"player: {players}, expected one of their ids: {ids}"


def _chart(view: PlayerView) -> list[dict[str, Any]]:
    """Return the games oldest first, without games that have neither points nor a prediction."""
    return [
        {"date": g.game_date.isoformat(), "points": g.points, "line": g.line, "predicted": g.predicted}
        for g in reversed(view.games)
        if g.points is not None or g.predicted is not None
    ]
