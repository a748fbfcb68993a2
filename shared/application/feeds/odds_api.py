"""The Odds API, version 4, as JSON."""

from __future__ import annotations

from shared.application.feeds.rows import Feed

FEEDS: tuple[Feed, ...] = ()
