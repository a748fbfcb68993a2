"""The sample files of pick'em sites."""

from __future__ import annotations

from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import RowKind
from tests.realdata.feed_files import assert_has, expected_rows, needs_feed_files, raw

pytestmark = needs_feed_files

PICK6 = "unlicensed/dfs/draftkings_pick6_points_cut.json"
FLAT = "unlicensed/dfs/prizepicks_flat_2025-12-27_cut.json"


def test_pick6() -> None:
    rows = feed_of(raw(PICK6)).read(raw(PICK6)).tables[RowKind.QUOTES]
    assert rows.num_rows == 13
    for row in expected_rows(PICK6):
        assert_has(rows, row)


def test_the_flat_list_has_one_main_line_for_each_player() -> None:
    rows = feed_of(raw(FLAT)).read(raw(FLAT)).tables[RowKind.QUOTES]
    assert_has(
        rows, {"player_name": "Cooper Flagg", "line": 24.5, "game_date": "2025-12-27", "is_main": True}
    )
    assert_has(rows, {"player_name": "Nique Clifford", "line": 10.5, "is_main": True})
    assert_has(rows, {"player_name": "Nique Clifford", "line": 10.0, "is_main": False})
