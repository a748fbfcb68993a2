from __future__ import annotations

import pytest

from shared.domain.players.name_matching import (
    AMBIGUOUS,
    NO_MATCH,
    Match,
    id_of_name,
    match_name,
    roster_player,
)

BOS = [
    roster_player(1, "Jaylen Brown", "BOS"),
    roster_player(2, "Jaren Jackson Jr.", "BOS"),
    roster_player(3, "Chris Smith", "BOS"),
]
NYK = [
    roster_player(4, "Chris Smith", "NYK"),
    roster_player(5, "Tim Hardaway", "NYK"),
    roster_player(6, "Gary Trent Sr.", "NYK"),
    roster_player(7, "Larry Nance Jr.", "NYK"),
    roster_player(8, "Larry Nance III", "NYK"),
]


@pytest.mark.parametrize(
    ("lookup", "team", "expected"),
    [
        ("jaylenbrown", None, Match(1)),
        ("jaylenbrown", "NYK", Match(1)),  # traded between the two
        ("jarenjacksonjr", None, Match(2)),
        ("jarenjackson", None, Match(2)),
        ("timhardawayjr", None, Match(5)),
        ("chrissmith", None, AMBIGUOUS),
        ("chrissmith", "NYK", Match(4)),
        ("chrissmith", "LAL", AMBIGUOUS),
        ("garytrentjr", None, NO_MATCH),
        ("larrynance", None, AMBIGUOUS),
        ("larrynancejr", None, Match(7)),
        ("jbrown", None, NO_MATCH),
    ],
)
def test_a_name_means_one_player_of_the_two_rosters_or_none(
    lookup: str, team: str | None, expected: Match
) -> None:
    assert match_name(lookup, team, [*BOS, *NYK]) == expected


def test_a_player_in_both_rosters_is_one_player() -> None:
    both = [roster_player(9, "Mikal Bridges", "BKN"), roster_player(9, "Mikal Bridges", "NYK")]
    assert match_name("mikalbridges", None, both) == Match(9)
    assert match_name("mikalbridges", "LAL", both) == Match(9)


def test_the_id_of_a_name_is_negative_stable_and_exact_as_a_float() -> None:
    made = id_of_name("neorookson")
    assert made < 0
    assert made == id_of_name("neorookson") != id_of_name("neorooksen")
    assert int(float(made)) == made
