"""Box scores and schedules of popular Kaggle data sets."""

from __future__ import annotations

from shared.application.feeds.rows import Feed

FEEDS: tuple[Feed, ...] = ()
