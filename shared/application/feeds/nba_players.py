"""Lists of players of NBA.com, and tables of the ids that other sources use."""

from __future__ import annotations

from shared.application.feeds.rows import Feed

FEEDS: tuple[Feed, ...] = ()
