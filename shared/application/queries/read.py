"""Queries of the HTTP interface on the warehouse."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from shared.domain.market.betting import no_bet_reason
from shared.ports import Warehouse
from shared.warehouse.statements import query_rows, statement


class PredictionQueries:
    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse

    def predictions(self, game_date: date) -> list[dict[str, Any]]:
        """Return the active rows of a game date by game, player and system, with the player's name."""
        rows = query_rows(self._warehouse, "active_predictions", game_date=game_date)
        for row in rows:
            row["no_bet_reason"] = no_bet_reason(row["recommendation"], row["no_bet_reason"])
        return list(rows)

    def predictions_at_tipoff(self, game_date: date, now: datetime) -> list[dict[str, Any]]:
        """Return the rows that were active when their game started, even if they were replaced later."""
        rows = query_rows(self._warehouse, "predictions_at_tipoff", game_date=game_date, now=now)
        for row in rows:
            row["no_bet_reason"] = no_bet_reason(row["recommendation"], row["no_bet_reason"])
        return list(rows)

    def active_duplicates(self, game_date: date) -> int:
        """Return the number of keys with more than one active row; it must be 0."""
        return int(
            self._warehouse.query(statement("active_duplicates", first=game_date, last=game_date)).num_rows
        )

    def accuracy(self, first: date, last: date) -> list[dict[str, Any]]:
        return query_rows(self._warehouse, "accuracy_between", first=first, last=last)
