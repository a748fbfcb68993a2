from __future__ import annotations

import numpy as np
import pytest

from shared.domain.model_health import Health, assess_health
from shared.domain.statistics import Rate, wilson

N = 300
RNG = np.random.default_rng(8)
LINE = RNG.uniform(5, 30, N)
ACTUAL = LINE + RNG.normal(0, 6, N)
DAY = np.arange(N) % 7
EVEN = wilson(80, 150)


def health(predicted: np.ndarray, hit: Rate = EVEN, n: int = N) -> tuple[Health, str]:
    told = assess_health((predicted - ACTUAL)[:n], predicted[:n], LINE[:n], DAY[:n], hit)
    return told.health, told.why


@pytest.mark.parametrize(
    ("shift", "noise", "hit", "said", "words"),
    [
        (0.0, 0.3, EVEN, Health.HEALTHY, "against the line"),
        (-2.26, 0.3, EVEN, Health.RETRAIN, "-2.2"),
        (1.2, 0.1, EVEN, Health.WATCH, "+1.2"),
        (0.0, 6.0, EVEN, Health.RETRAIN, "MAE +"),
        (0.0, 2.2, EVEN, Health.WATCH, "MAE +"),
        (0.0, 0.3, wilson(30, 150), Health.RETRAIN, "hit rate 20.0%"),
        (0.0, 0.3, wilson(2, 30), Health.HEALTHY, "against the line"),
    ],
)
def test_the_first_rule_that_fits(shift: float, noise: float, hit: Rate, said: Health, words: str) -> None:
    predicted = LINE + shift + np.random.default_rng(9).normal(0, noise, N)
    told, why = health(predicted, hit)
    assert (told, words in why) == (said, True), why


def test_few_rows_are_watched_not_judged() -> None:
    assert health(LINE - 9.0, n=40) == (Health.WATCH, "40 graded live rows with a line, expected 50 to judge")
    none = assess_health(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0, np.int64), wilson(0, 0))
    assert (none.health, none.mae, none.worse) == (Health.WATCH, None, None)
