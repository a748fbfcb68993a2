"""How a run's document names its players, next to what release 0.1.0 wrote and reads."""

from __future__ import annotations

import json

from shared.gcp.firestore_runs import _players, _with_keys
from shared.ports import ExpectedPlayer

ANN, BEA = ExpectedPlayer("ann", 1, "g1"), ExpectedPlayer("bea", 2, "g1")
TWINS = [ExpectedPlayer("twin", 3, "g1"), ExpectedPlayer("twin", 4, "g2")]


def test_a_run_of_release_0_1_0_names_spellings_and_no_ids() -> None:
    found = _players({"games": json.dumps({"ann": "g1", "bea": "g2"})})
    assert found == {"ann": ExpectedPlayer("ann", None, "g1"), "bea": ExpectedPlayer("bea", None, "g2")}


def test_a_player_alone_with_his_spelling_has_it_as_key_as_in_release_0_1_0() -> None:
    assert _with_keys({}, [ANN, BEA, ANN]) == {"ann": ANN, "bea": BEA}


def test_players_of_one_spelling_have_keys_that_release_0_1_0_takes_for_nobodys() -> None:
    keyed = _with_keys({}, [*TWINS, ANN])
    assert keyed == {"twin.3": TWINS[0], "twin.4": TWINS[1], "ann": ANN}


def test_a_key_that_was_given_stays_when_a_namesake_is_named_later() -> None:
    first = _with_keys({}, [TWINS[0]])
    assert _with_keys(first, TWINS) == {"twin": TWINS[0], "twin.4": TWINS[1]}
    assert _with_keys(first, [ExpectedPlayer("twinjr", 3, "g1")]) == first
