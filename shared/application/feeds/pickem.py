"""Projections of pick-em sites: PrizePicks, Underdog, DraftKings Pick6."""

from __future__ import annotations

from shared.application.feeds.rows import Feed

FEEDS: tuple[Feed, ...] = ()
