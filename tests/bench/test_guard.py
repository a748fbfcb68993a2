"""The guard of CI: ratios far below what is measured, so that only a real loss of speed fails it.

Marked ``bench`` and left out of the ordinary run; under a minute once the league is trained.
"""

from __future__ import annotations

from statistics import median

import pytest

from shared.application.prediction.predict import Predict
from tests.bench import answers, game_day, push
from tests.bench.naive import Naive, Push
from tests.bench.world import jobs, model_paths, models, pushes
from tests.conftest import CLOCK

pytestmark = pytest.mark.bench


def test_the_old_shape_gives_the_same_predictions() -> None:
    """Else it would be no side to compare with."""
    theirs = Naive(model_paths(), lambda _: None)
    ours = Predict(models())(jobs(), CLOCK.now()).rows.to_pylist()
    by_key = {(row["player_lookup"], row["system_id"]): row for row in ours}
    found = [row for body in pushes() for row in theirs.predict(Push.model_validate_json(body))]
    assert len(found) == len(ours)
    for row in found:
        other = by_key[row.player_lookup, row.system_id]
        assert row.raw_prediction == pytest.approx(other["raw_prediction"], abs=1e-9)
        for name in (
            "predicted_points",
            "confidence_score",
            "recommendation",
            "missing_inputs",
            "line_margin",
        ):
            assert getattr(row, name) == other[name], (row.system_id, name)


def test_the_push_worker_is_far_ahead_of_the_old_shape() -> None:
    assert median(push.over_naive(3).ratios) >= 8


def test_a_game_date_in_process_is_far_ahead_of_the_old_shape() -> None:
    assert median(game_day.in_process(3).ratios) >= 20


def test_a_game_date_is_a_few_round_trips_of_the_sink() -> None:
    assert median(push.game_day_over_push(3).ratios) <= 8


def test_speed_costs_no_bit_of_an_answer() -> None:
    assert min(answers.equal_to_the_model(1).ratios) == 1.0
