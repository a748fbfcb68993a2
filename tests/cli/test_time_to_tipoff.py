from __future__ import annotations

import pytest

from backfill_jobs.prediction.player_prop_predictions_backfill import time_to_tipoff


@pytest.mark.parametrize(
    ("minutes", "status", "text"),
    [
        (150, "SUCCESS", "2 h 30"),
        (0, "SUCCESS", "0 h 00"),
        (-65, "SUCCESS", "1 h 05 ago"),
        (-48 * 60, "SUCCESS", "2 days ago"),
        (-1_092_587, "SUCCESS", "758 days ago"),
        (None, "SUCCESS", "unknown"),
        (None, "NO_GAMES", "-"),
    ],
)
def test_time_to_the_first_tipoff_is_readable(minutes: int | None, status: str, text: str) -> None:
    assert time_to_tipoff(minutes, status) == text
