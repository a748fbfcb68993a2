"""Whose game a player belongs to: quotes and reports of the date before his last team."""

from __future__ import annotations

import numpy as np
import pytest

from shared.domain.assignment import SIDE_UNKNOWN, TWO_GAMES, Assignment, Mention, assign
from shared.domain.instants import UNKNOWN
from shared.domain.market.lines import newest, usable
from shared.domain.players.roster import Candidate, slate_roster
from tests.domain.test_features import START, TEAMS, H, cut_offs_of

DAY = START + 23
ROWS = np.flatnonzero(H.games.day == DAY)
FIRST, SECOND = (int(r) for r in ROWS)
AS_OF = cut_offs_of(H)
NOON = int(AS_OF[FIRST]) - 7_200_000_000
LATER = NOON + 3_600_000_000
UNSEEN = 4711
"""A player without any box score."""


def teams_of(row: int) -> tuple[str, str]:
    return str(H.games.home[row]), str(H.games.away[row])


def player_of(team: str, number: int = 3) -> int:
    return TEAMS.index(team) * 10 + number


HOME, AWAY = teams_of(FIRST)
TRADED = player_of(teams_of(SECOND)[0])
"""His latest game was for the home team of the second game."""


def quote(row: int, team: str = "", player: int = TRADED, at: int = NOON) -> Mention:
    return Mention(row, player, team, at, is_quote=True)


def listing(row: int, team: str, player: int = TRADED, at: int = NOON) -> Mention:
    return Mention(row, player, team, at, is_quote=False)


def roster(*mentions: Mention, out: dict[int, set[int]] | None = None) -> list[Candidate]:
    return slate_roster(H, ROWS, AS_OF[ROWS], assign(H, mentions, AS_OF), out or {}, 8.0)


def assignment(*mentions: Mention) -> Assignment:
    (found,) = assign(H, mentions, AS_OF).values()
    return found


def seats(found: list[Candidate], player: int = TRADED) -> list[tuple[int, bool, str]]:
    return [(c.game, c.is_home, c.reason) for c in found if c.player == player]


def test_a_player_quoted_for_a_new_team_is_a_candidate_there_and_nowhere_else() -> None:
    assert seats(roster()) == [(SECOND, True, "minutes")]
    assert seats(roster(quote(FIRST, AWAY))) == [(FIRST, False, "minutes")]
    assert len(roster(quote(FIRST, AWAY))) == len(roster())


def test_a_player_listed_by_a_new_team_brings_his_minutes_along() -> None:
    (found,) = [c for c in roster(listing(FIRST, HOME)) if c.player == TRADED]
    assert (found.game, found.is_home, found.expected) == (FIRST, True, True)
    assert found.minutes == pytest.approx(30.3)


def test_without_a_team_of_the_quote_the_report_says_the_side() -> None:
    assert assignment(quote(FIRST), listing(FIRST, AWAY)).team == AWAY
    assert assignment(quote(FIRST, HOME), listing(FIRST, AWAY)).team == HOME
    assert assignment(quote(FIRST, "XXX"), listing(FIRST, AWAY)).team == AWAY


def test_an_unknown_side_is_not_guessed() -> None:
    found = assignment(quote(FIRST))
    assert (found.team, found.reason) == ("", SIDE_UNKNOWN)
    assert seats(roster(quote(FIRST))) == []


def test_a_quote_without_a_team_in_the_game_of_his_last_team_needs_none() -> None:
    mine = player_of(AWAY)
    assert assignment(quote(FIRST, player=mine)).team == AWAY
    assert seats(roster(quote(FIRST, player=mine)), mine) == [(FIRST, False, "minutes")]


@pytest.mark.parametrize("newest_first", [True, False])
def test_of_two_games_the_newest_mention_counts(newest_first: bool) -> None:
    mentions = [quote(SECOND, at=NOON), quote(FIRST, HOME, at=LATER)]
    found = assignment(*(reversed(mentions) if newest_first else mentions))
    assert (found.game, found.team, found.other_games) == (FIRST, HOME, (SECOND,))


def test_of_two_equally_new_quotes_his_last_teams_game_counts_and_without_it_none() -> None:
    assert assignment(quote(FIRST, HOME), quote(SECOND)).game == SECOND
    unseen = assignment(quote(FIRST, HOME, UNSEEN), quote(SECOND, "", UNSEEN))
    assert (unseen.team, unseen.reason) == ("", TWO_GAMES)
    assert seats(roster(quote(FIRST, HOME, UNSEEN), quote(SECOND, "", UNSEEN)), UNSEEN) == []


def test_a_report_that_is_newer_than_a_quote_counts() -> None:
    found = assignment(quote(SECOND, at=NOON), listing(FIRST, AWAY, at=LATER))
    assert (found.game, found.team, found.is_quoted) == (FIRST, AWAY, False)


def test_a_player_without_history_is_a_candidate_only_when_he_is_quoted() -> None:
    assert seats(roster(quote(FIRST, HOME, UNSEEN)), UNSEEN) == [(FIRST, True, "line")]
    assert seats(roster(listing(FIRST, HOME, UNSEEN)), UNSEEN) == []


def test_a_player_who_joined_and_is_out_is_not_expected() -> None:
    assert seats(roster(quote(FIRST, HOME), out={FIRST: {TRADED}})) == [(FIRST, True, "injury_out")]
    assert seats(roster(quote(FIRST, HOME), out={SECOND: {TRADED}})) == [(FIRST, True, "minutes")]


def test_the_newest_usable_quote_of_each_group() -> None:
    group, captured = np.array([0, 0, 0, 1, 2]), np.array([5, 9, 20, UNKNOWN, 30])
    as_of = np.full(5, 10)
    allowed, dated = (np.flatnonzero(usable(captured, as_of, undated)) for undated in (True, False))
    assert newest(group, captured, allowed, 3).tolist() == [1, 3, -1]
    assert newest(group, captured, dated, 3).tolist() == [1, -1, -1]
