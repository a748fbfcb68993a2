"""The sample files of NBA.com."""

from __future__ import annotations

import pytest

from shared.application.feeds.raw_file import FeedError
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import FeedRows, RowKind
from tests.realdata.feed_files import assert_has, expected_rows, needs_feed_files, raw

pytestmark = needs_feed_files

NBA = "licensed/nba_api/"


def read(name: str) -> FeedRows:
    file = raw(NBA + name)
    return feed_of(file).read(file)


@pytest.mark.parametrize(
    "name", ["boxscoretraditionalv3.json", "boxscoreusagev3.json", "live_boxscore_from_doc.json"]
)
def test_box_scores_hold_the_expected_rows(name: str) -> None:
    rows = read(name).tables[RowKind.BOX_SCORES]
    for row in expected_rows(NBA + name):
        assert_has(rows, row)


def test_the_counts_of_the_traditional_box_score() -> None:
    rows = read("boxscoretraditionalv3.json").tables[RowKind.BOX_SCORES]
    assert (rows.num_rows, sum(rows["did_play"].to_pylist())) == (29, 27)


def test_the_usage_of_a_player() -> None:
    assert_has(
        read("boxscoreusagev3.json").tables[RowKind.BOX_SCORES], {"player_id": 2544, "usage_pct": 0.272}
    )


def test_the_scoreboard() -> None:
    rows = read("scoreboardv3.json").tables[RowKind.GAMES]
    assert rows.num_rows == 11
    for row in expected_rows(NBA + "scoreboardv3.json"):
        assert_has(rows, row)


def test_the_wnba_is_refused() -> None:
    with pytest.raises(FeedError, match="WNBA"):
        read("boxscoreadvancedv3.json")


def test_all_players_of_the_list_and_of_the_table_of_ids() -> None:
    assert read("commonallplayers_cut.json").tables[RowKind.PLAYERS].num_rows == 658
    file = raw("unlicensed/crosswalk/NBA_Player_IDs_with_ESPN.csv")
    rows = feed_of(file).read(file).tables[RowKind.PLAYER_IDS].to_pylist()
    assert {r["source"] for r in rows} == {"espn", "basketball_reference"}
    assert len({(r["source"], r["source_player_id"]) for r in rows}) == len(rows)
