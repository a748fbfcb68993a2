"""Box scores of hoopR and sportsdataverse, with the ids of ESPN."""

from __future__ import annotations

from shared.application.feeds.rows import Feed

FEEDS: tuple[Feed, ...] = ()
