"""NBA.com's ids of teams."""

from __future__ import annotations

from shared.domain.nba_team_ids import TEAM_CODES


def test_thirty_teams_have_an_id_each() -> None:
    assert (len(TEAM_CODES), len(set(TEAM_CODES.values()))) == (30, 30)
    assert (TEAM_CODES[1610612737], TEAM_CODES[1610612744], TEAM_CODES[1610612752]) == ("ATL", "GSW", "NYK")
    assert (TEAM_CODES[1610612763], TEAM_CODES[1610612766]) == ("MEM", "CHA")
