"""Box scores, game logs and schedules of Basketball-Reference."""

from __future__ import annotations

from shared.application.feeds.rows import Feed

FEEDS: tuple[Feed, ...] = ()
