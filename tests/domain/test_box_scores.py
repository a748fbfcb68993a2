from __future__ import annotations

import pytest

from shared.domain.box_scores import TeamBoxScore, missing_from_box_score

WHOLE = TeamBoxScore("KST", 94, 12, 9, 94, 240.0)


@pytest.mark.parametrize(
    ("other", "missing"),
    [
        (TeamBoxScore("MNH", 101, 13, 10, 101, 240.0), None),
        (TeamBoxScore("MNH", 0, 5, 5, 0, 240.0), None),
        (TeamBoxScore("MNH", 101, 12, 10, 89, 240.0), "MNH: points of 12 rows add up to 89, score 101"),
        (TeamBoxScore("MNH", 101, 12, 10, 103, 240.0), "MNH: points of 12 rows add up to 103, score 101"),
        (TeamBoxScore("MNH", 101, 13, 10, 101, 237.0), None),
        (TeamBoxScore("MNH", 130, 13, 10, 130, 265.0), None),
        (
            TeamBoxScore("MNH", 51, 13, 10, 51, 120.4),
            "MNH: minutes of 13 rows add up to 120, expected 240 or more",
        ),
        (TeamBoxScore("MNH", 101, 0, 0, 0, 0.0), "MNH: no rows"),
        (TeamBoxScore("MNH", 101, 9, 4, 101, 240.0), "MNH: 4 players played, expected 5 or more"),
        (
            TeamBoxScore("MNH", 101, 3, 3, 40, 240.0),
            "MNH: 3 players played, expected 5 or more, points of 3 rows add up to 40, score 101",
        ),
    ],
)
def test_a_box_score_is_whole_when_five_played_and_the_points_are_the_score(
    other: TeamBoxScore, missing: str | None
) -> None:
    assert missing_from_box_score([WHOLE, other]) == missing
    assert missing_from_box_score([other, WHOLE]) == missing


def test_what_each_team_lacks_is_named() -> None:
    short = TeamBoxScore("MNH", 90, 8, 8, 80, 240.0)
    assert missing_from_box_score([short, TeamBoxScore("KST", 94, 0, 0, 0, 240.0)]) == (
        "MNH: points of 8 rows add up to 80, score 90; KST: no rows"
    )
