from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from shared.application.training import walk_forward
from shared.application.training.evaluation import Evaluate
from shared.application.training.examples import Examples, read_examples
from shared.application.training.recipes import Rows, fit_until_tail
from shared.application.training.walk_forward import walk
from shared.domain.features.contract import FEATURES, INDEX
from shared.domain.instants import to_day
from shared.domain.systems.base import Regressor
from shared.domain.systems.catalog import MODEL_SYSTEMS, SYSTEM_IDS
from shared.embedded.duckdb_warehouse import DuckDbWarehouse
from shared.errors import NotFound, Rejected
from shared.ports import Statement
from tests.conftest import CLOCK, DAY

compute_again = Examples.with_recent
FIRST, LAST = DAY - timedelta(days=20), DAY - timedelta(days=1)


class Mean:
    """A model that says the average of the last ten games, and remembers what it was shown."""

    shown: list[Rows] = []  # noqa: RUF012  of the class, so that a test can read it

    def __init__(self, rows: Rows) -> None:
        Mean.shown.append(rows)

    def predict(self, features: np.ndarray) -> np.ndarray:
        return features[:, INDEX["points_avg_last_10"]]  # the same place in every model's inputs


def learn(system_id: str, rows: Rows) -> Regressor:  # noqa: ARG001
    return Mean(rows)


@pytest.fixture(scope="module")
def examples(loaded: Path) -> Examples:
    return read_examples(DuckDbWarehouse(loaded), DAY - timedelta(days=500), LAST, CLOCK.now())


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk_forward, "_fit", learn)


def test_models_are_fitted_on_earlier_dates_only_and_again_as_time_goes_on(examples: Examples) -> None:
    Mean.shown.clear()
    told = walk(examples, FIRST, LAST, MODEL_SYSTEMS, refit_days=7, train_days=200, fit=learn)
    assert len(told.rows) > 300
    starts = [to_day(FIRST) + 7 * i for i in range(3)]
    shown = [rows.day for rows in Mean.shown]
    assert len(shown) == 12  # three stretches, four systems with a model
    for i, start in enumerate(starts):
        v8, v9, monthly, anchored = (d.max() for d in shown[4 * i : 4 * i + 4])
        assert v9 == anchored < start
        assert v9 > monthly > v8
        assert monthly <= start - 30
        assert v8 <= start - 365
    assert all(d.max() - d.min() <= 200 for d in shown)
    assert not np.isnan(told.spread).any()
    Mean.shown.clear()
    walk(examples, LAST, LAST, ["ensemble_v1"], fit=learn)
    assert len(Mean.shown) == 1  # of catboost_v9, its only member with a model


@pytest.mark.usefixtures("quick")
def test_every_system_beside_the_line_on_identical_rows(loaded: Path) -> None:
    told = Evaluate(DuckDbWarehouse(loaded))(FIRST, LAST, CLOCK.now())
    assert set(told["systems"]) == set(SYSTEM_IDS)
    same = [f for f in told["systems"].values() if f["identical_rows"]]
    assert len(same) >= 6
    assert {f["n"] for f in same} == {told["rows"]}
    for f in told["systems"].values():
        assert f["mae_minus_line"]["value"] == pytest.approx(f["mae"] - f["line_mae"], abs=1e-4)
        assert f["mae_minus_line"]["low"] <= f["mae_minus_line"]["value"] <= f["mae_minus_line"]["high"]
        assert f["hit"]["all"]["n"] >= f["hit"]["e1"]["n"] >= f["hit"]["e5"]["n"]
        assert f["priced"] <= f["n"]
        assert f["log_loss"] > 0.6
        assert 0 <= f["ece"] <= 1
    for split in ("windows", "line_bands", "player_tiers", "precision"):
        assert sum(g["n"] for g in told[split]) == told["rows"]
    assert told["suspected_leaks"] == []
    assert told["line"]["mae"] > 3


@pytest.mark.usefixtures("quick")
def test_the_anchored_line_stays_near_the_line_and_gives_a_probability(loaded: Path) -> None:
    systems = ["moving_average", "no_line_forecast", "line_anchored_v1"]
    told = Evaluate(DuckDbWarehouse(loaded))(
        LAST - timedelta(days=6), LAST, CLOCK.now(), systems=systems, train_days=200
    )["systems"]
    anchored, alone = told["line_anchored_v1"], told["no_line_forecast"]
    assert abs(anchored["mae_minus_line"]["value"]) < abs(alone["mae_minus_line"]["value"]) + 0.05
    assert abs(anchored["line_bias"]) < abs(alone["line_bias"]) + 0.1
    assert abs(anchored["log_loss"] - anchored["market_log_loss"]) < 0.02
    assert anchored["hit"]["e5"]["n"] <= alone["hit"]["e5"]["n"]
    assert alone["rotation"]["n"] > 50


@pytest.mark.usefixtures("quick")
def test_a_leak_is_named(loaded: Path, examples: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    """Features that hold the target's own points, as the old ones did for years."""
    values = examples.features.values.copy()
    values[:, INDEX["points_avg_last_10"]] = (
        0.3 * values[:, INDEX["points_avg_last_10"]] + 0.7 * examples.points
    )
    poisoned = replace(examples, features=replace(examples.features, values=values))
    monkeypatch.setattr("shared.application.training.evaluation.read_examples", lambda *_: poisoned)
    monkeypatch.setattr(
        Examples, "with_recent", lambda self, rows: replace(compute_again(self, rows), values=values[rows])
    )
    told = Evaluate(DuckDbWarehouse(loaded))(FIRST, LAST, CLOCK.now(), systems=["catboost_v9"])
    assert any("catboost_v9: MAE" in leak for leak in told["suspected_leaks"])
    assert any("catboost_v9: hit rate" in leak for leak in told["suspected_leaks"])


def test_a_line_captured_after_the_cut_off_is_no_line(warehouse: DuckDbWarehouse) -> None:
    day = {"d": LAST}
    before = read_examples(warehouse, LAST, LAST, CLOCK.now())
    assert (~np.isnan(before.market.line)).sum() > 20
    warehouse.transact(
        [
            Statement(
                "UPDATE nba_raw.odds_api_player_points_props SET captured_at = @late WHERE game_date = @d",
                day | {"late": CLOCK.now()},
            )
        ]
    )
    late = read_examples(warehouse, LAST, LAST, CLOCK.now())
    assert np.isnan(late.market.line).all()
    assert set(late.market.precision.tolist()) == {""}


def test_a_random_split_is_refused() -> None:
    rng = np.random.default_rng(1)
    day = rng.permutation(np.repeat(np.arange(100), 10))
    with pytest.raises(Rejected, match="not in order of time"):
        fit_until_tail(Rows(rng.normal(size=(1000, 33)), rng.normal(size=1000), day, FEATURES))


@pytest.mark.parametrize(
    ("first", "last", "step", "words"),
    [(LAST, FIRST, 28, "an end after the start"), (FIRST, LAST, 0, "steps of a day")],
)
def test_ranges_that_make_no_sense_are_refused(
    loaded: Path, first: date, last: date, step: int, words: str
) -> None:
    with pytest.raises(Rejected, match=words):
        Evaluate(DuckDbWarehouse(loaded))(first, last, CLOCK.now(), refit_days=step)


@pytest.mark.usefixtures("quick")
def test_a_range_without_lines_says_so(loaded: Path) -> None:
    with pytest.raises(NotFound, match="no player-game with a main line"):
        Evaluate(DuckDbWarehouse(loaded))(date(2025, 8, 1), date(2025, 8, 9), CLOCK.now())
