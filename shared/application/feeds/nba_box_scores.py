"""Box scores and game logs of NBA.com."""

from __future__ import annotations

from shared.application.feeds.rows import Feed

FEEDS: tuple[Feed, ...] = ()
