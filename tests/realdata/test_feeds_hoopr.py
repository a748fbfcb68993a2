"""The sample file of the sister package for the WNBA, which has the same columns."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.application.feeds.raw_file import FeedError, RawFile
from shared.application.feeds.registry import feed_of
from shared.application.feeds.rows import RowKind
from tests.realdata.feed_files import needs_feed_files, raw

pytestmark = needs_feed_files

PATH = "unlicensed/espn_hoopr/wehoop_player_box_2024_cut.csv"


def test_the_wnba_is_refused_by_name() -> None:
    file = raw(PATH)
    with pytest.raises(FeedError, match=r"l:59.*, expected team_uid with l:46 \(the NBA\), not the WNBA"):
        feed_of(file).read(file)


def test_the_wnba_is_refused_by_its_addresses_where_team_uid_is_absent() -> None:
    file = raw(PATH)
    file = replace(file, body=file.body.replace(b"team_uid", b"team_other", 1))
    with pytest.raises(FeedError, match=r"/wnba/.*, expected an address of the NBA"):
        feed_of(file).read(file)


def _as_nba() -> RawFile:
    file = raw(PATH)
    return replace(file, body=file.body.replace(b"~l:59~", b"~l:46~"))


def test_only_did_not_play_says_who_played() -> None:
    file = _as_nba()
    feed = feed_of(file)
    result = feed.read(file)
    rows = result.tables[RowKind.BOX_SCORES].to_pylist()
    assert feed.id_space == "espn"
    assert (len(rows), sum(r["did_play"] for r in rows), list(result.notes)) == (120, 85, [])
    starter, absent = rows[0], rows[9]
    assert (starter["points"], starter["minutes"], starter["starter"]) == (3, 41.0, True)
    assert (starter["season"], starter["source_player_id"]) == ("2023-24", "3906972")
    assert (starter["team"], starter["opponent"], starter["is_home"]) == ("MIN", "NY", False)
    assert (absent["did_play"], absent["minutes"], absent["points"]) == (False, 0.0, None)
    assert str(starter["game_date"]) == "2024-10-20"
