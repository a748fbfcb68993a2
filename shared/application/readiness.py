"""Whether the stores answer."""

from __future__ import annotations

import time
from datetime import date

from shared.ports import Warehouse
from shared.warehouse.schedule import games_between

SECONDS = 5.0


class StoreCheck:
    """Asks the warehouse at most every five seconds; raises ``Unavailable`` as it does."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._until = 0.0

    def __call__(self) -> None:
        if time.monotonic() < self._until:
            return
        games_between(self._warehouse, date(1970, 1, 1), date(1970, 1, 1))
        self._until = time.monotonic() + SECONDS
