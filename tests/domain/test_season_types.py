from __future__ import annotations

import pytest

from shared.domain.season_types import COUNTED, SEASON_TYPES, season_type


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("Regular Season", "Regular Season"),
        ("regular-season", "Regular Season"),
        ("Playoffs", "Playoffs"),
        ("PlayIn", "Play-In"),
        ("Play-In", "Play-In"),
        ("Play In Tournament", "Play-In"),
        ("IST Championship", "NBA Cup Final"),
        ("NBA Cup Final", "NBA Cup Final"),
        ("Pre Season", "Pre Season"),
        ("Preseason", "Pre Season"),
        ("All-Star", "All-Star"),
        ("All-Star Game", "All-Star"),
        ("Summer League", None),
    ],
)
def test_words_of_sources_have_one_kind(word: str, kind: str | None) -> None:
    assert season_type(word) == kind


def test_every_kind_is_its_own_word() -> None:
    assert [season_type(kind) for kind in SEASON_TYPES] == list(SEASON_TYPES)
    assert set(SEASON_TYPES) - set(COUNTED) == {"Pre Season", "All-Star"}
