"""All feeds, and which of them a file belongs to."""

from __future__ import annotations

from shared.application.feeds import (
    basketball_reference,
    basketball_reference_html,
    book_tables,
    hoopr,
    injury_report,
    kaggle,
    kaggle_schedule,
    nba_box_scores,
    nba_players,
    nba_schedule,
    odds_api,
    odds_csv,
    pickem,
)
from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.rows import Feed

FEEDS: tuple[Feed, ...] = (
    *nba_schedule.FEEDS,
    *nba_box_scores.FEEDS,
    *nba_players.FEEDS,
    *odds_api.FEEDS,
    *odds_csv.FEEDS,
    *book_tables.FEEDS,
    *pickem.FEEDS,
    *injury_report.FEEDS,
    *hoopr.FEEDS,
    *basketball_reference.FEEDS,
    *basketball_reference_html.FEEDS,
    *kaggle.FEEDS,
    *kaggle_schedule.FEEDS,
)

BY_NAME = {feed.name: feed for feed in FEEDS}


def feed_of(raw: RawFile) -> Feed:
    """Return the one feed that recognises ``raw``; raise ``FeedError`` for none or several."""
    if not raw.body.strip():
        raise FeedError(raw.name, "an empty file", "a file of a feed")
    matches = [feed for feed in FEEDS if feed.recognises(raw)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        names = " and ".join(feed.name for feed in matches)
        raise FeedError(raw.name, f"a file that {names} recognise", "the name of one of them before the path")
    raise FeedError(raw.name, raw.described(), f"a file of one of {', '.join(BY_NAME)}")
