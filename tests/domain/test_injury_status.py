from __future__ import annotations

import pytest

from shared.domain.players.injury_status import STATUSES, injury_status


@pytest.mark.parametrize("status", STATUSES)
def test_a_status_means_itself_in_any_case(status: str) -> None:
    assert [injury_status(s) for s in (status, status.upper(), f" {status.title()} ")] == [status] * 3


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("GTD", "questionable"),
        ("Game Time Decision", "questionable"),
        ("Game-Time Decision", "questionable"),
        ("Day-To-Day", "questionable"),
        ("DTD", "questionable"),
        ("Out (Left Knee; Soreness)", "out"),
        ("OUT - rest", "out"),
        ("Out For Season", "out"),
        ("Suspended", "out"),
        ("Inactive", "out"),
        ("Active", "available"),
    ],
)
def test_words_of_feeds_are_known(text: str, status: str) -> None:
    assert injury_status(text) == status


@pytest.mark.parametrize("text", ["", "-", "tired", "outstanding", "unavailable", "not out"])
def test_other_words_are_not_guessed(text: str) -> None:
    assert injury_status(text) is None
