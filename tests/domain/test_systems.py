from __future__ import annotations

import numpy as np
import pytest

from shared.domain.arrays import Floats
from shared.domain.features.contract import FEATURES, INDEX, REQUIRED
from shared.domain.systems.base import Forecast
from shared.domain.systems.catalog import MODEL_SYSTEMS, SYSTEM_IDS, build_systems, forecast_all
from shared.domain.systems.ensemble import FIXED_WEIGHTS, Ensemble
from shared.domain.systems.moving_average import MovingAverage
from shared.domain.systems.similarity import Similarity, similarities
from shared.domain.systems.zone_matchup import ZoneMatchup
from tests.domain.batches import ROLE, STAR, many, one


class Linear:
    """A model that any row gets the same answer from, alone or among others."""

    def predict(self, features: Floats) -> Floats:
        return np.nan_to_num(features)[:, 0] * 0.5 + np.nan_to_num(features)[:, 2] * 0.5


ALL = build_systems({name: Linear() for name in MODEL_SYSTEMS})


@pytest.mark.parametrize(
    ("system", "star", "role"),
    [(MovingAverage(), 24.28, 7.23), (ZoneMatchup(), 25.867, 7.233)],
    ids=["moving_average", "zone_matchup_v1"],
)
def test_golden_values_of_the_formulas(system: MovingAverage | ZoneMatchup, star: float, role: float) -> None:
    assert system.forecast(one(STAR), {}).points[0] == pytest.approx(star, abs=5e-4)
    assert system.forecast(one(ROLE), {}).points[0] == pytest.approx(role, abs=5e-4)
    assert system.forecast(one(STAR), {}).confidence[0] == 52.0
    assert system.forecast(one(ROLE), {}).confidence[0] == 60.0


def test_golden_value_of_similarity() -> None:
    batch = one(STAR, league_def_rating=113.0)  # against an average defence
    alike = similarities(batch)
    assert alike[alike > 0].mean() == 91.25
    forecast = Similarity().forecast(batch, {})
    # 177.95 / 7.30 + 1.935; with both parts rounded to two decimals first it would read 26.32
    assert forecast.points[0] == pytest.approx(26.3117, abs=5e-5)
    # 35, +6 for eight games, +12 for a likeness of 91.25, +10 for a spread of 3.64 points
    assert forecast.confidence[0] == 63.0


def test_golden_values_of_the_ensembles() -> None:
    def said(points: float, confidence: float) -> Forecast:
        return Forecast(np.array([points]), np.array([confidence]), (None,), ((),))

    members = {
        "moving_average": said(24.28, 52),
        "zone_matchup_v1": said(25.867, 52),
        "similarity_balanced_v1": said(26.32, 63),
        "catboost_v9": said(24.6, 87),
    }
    batch = one(STAR)
    assert Ensemble("ensemble_v1").forecast(batch, members).points[0] == pytest.approx(25.220, abs=5e-4)
    assert Ensemble("ensemble_v1_1", FIXED_WEIGHTS).forecast(batch, members).points[0] == pytest.approx(
        25.093, abs=5e-4
    )
    # mean 63.5, +10 for a spread under 2, +5 for all four members
    assert Ensemble("ensemble_v1").forecast(batch, members).confidence[0] == 78.5


def test_an_ensemble_of_one_member_says_nothing() -> None:
    alone = {"catboost_v9": Forecast(np.array([20.0]), np.array([87.0]), (None,), ((),))}
    forecast = Ensemble("ensemble_v1").forecast(one(STAR), alone)
    assert forecast.reasons == ("too_few_members",)
    assert np.isnan(forecast.points[0])


@pytest.mark.parametrize("system_id", SYSTEM_IDS)
def test_a_row_gets_the_same_bits_alone_as_among_many(system_id: str) -> None:
    batch = many(400)
    together = forecast_all(ALL, batch)[system_id]
    for i in range(0, 400, 7):
        alone = forecast_all(ALL, batch.take(slice(i, i + 1)))[system_id]
        assert alone.points.tobytes() == together.points[i : i + 1].tobytes()
        assert alone.confidence.tobytes() == together.confidence[i : i + 1].tobytes()
        assert alone.reasons[0] == together.reasons[i]
        assert alone.missing_inputs[0] == together.missing_inputs[i]


@pytest.mark.parametrize("system_id", SYSTEM_IDS)
def test_every_system_stays_in_range_and_explains_what_it_leaves_out(system_id: str) -> None:
    forecast = forecast_all(ALL, many(300, seed=11))[system_id]
    said = ~np.isnan(forecast.points)
    assert said.any()
    assert ((forecast.points[said] >= 0) & (forecast.points[said] <= 60)).all()
    assert ((forecast.confidence[said] >= 0) & (forecast.confidence[said] <= 100)).all()
    assert [r is None for r in forecast.reasons] == said.tolist()


@pytest.mark.parametrize("index", REQUIRED)
def test_without_a_required_feature_nothing_is_predicted(index: int) -> None:
    batch = one(STAR, league_def_rating=113.0)
    batch.features[0, index] = np.nan
    forecasts = forecast_all(ALL, batch)
    for system in ALL[:6]:
        assert forecasts[system.system_id].reasons == (f"missing_feature:{FEATURES[index]}",)
    assert forecasts["ensemble_v1"].reasons == ("too_few_members",)


def test_a_missing_adjustment_adds_nothing_and_is_named() -> None:
    with_zero, without = one(STAR | {"pace_score": 0.0}), one(STAR | {"pace_score": float("nan")})
    for system in (MovingAverage(), ZoneMatchup(), Similarity()):
        a, b = system.forecast(with_zero, {}), system.forecast(without, {})
        assert a.points.tobytes() == b.points.tobytes()
        assert "pace_score" in b.missing_inputs[0]
        assert "pace_score" not in a.missing_inputs[0]


def test_a_rested_player_loses_nothing_to_fatigue() -> None:
    points = [
        MovingAverage().forecast(one(STAR | {"fatigue_score": f}), {}).points[0] for f in (100, 70, 69, 49)
    ]
    assert points[0] == points[1]
    assert points[1] - points[2] == pytest.approx(1.0)
    assert points[1] - points[3] == pytest.approx(2.5)


def test_without_shot_locations_the_zones_come_from_the_box_score() -> None:
    nan = float("nan")
    plain = one(STAR | {"pct_paint": nan, "pct_mid_range": nan, "pct_three": 0.4, "pct_free_throw": nan})
    forecast = ZoneMatchup().forecast(plain, {})
    # 3 x 0.3 x 1.1 for each of two zones of weight 1.0; the third is not known
    assert forecast.points[0] == pytest.approx(22.5 + 2 * 0.99 + 0.4 * 0.5 + 0.8)
    assert forecast.missing_inputs == (("box_zones:free_throw",),)


def test_a_weak_defence_raises_and_a_strong_one_lowers() -> None:
    weak, strong = (
        ZoneMatchup().forecast(one(STAR | {"opponent_def_rating": r}), {}).points[0] for r in (118, 102)
    )
    assert weak > 22.5 + 1.0 > 22.5 > strong


def test_four_similar_games_are_too_few() -> None:
    batch = one(STAR, league_def_rating=113.0)
    batch.recent[0, 4:] = np.nan
    assert Similarity().forecast(batch, {}).reasons == ("too_few_similar_games",)


def test_systems_need_their_own_ids_and_known_models() -> None:
    with pytest.raises(ValueError, match="two systems"):
        forecast_all([MovingAverage(), MovingAverage()], one(STAR))
    with pytest.raises(ValueError, match="catboost_v7"):
        build_systems({"catboost_v7": Linear()})


def test_without_a_model_its_system_is_off() -> None:
    assert [s.system_id for s in build_systems({})] == [s for s in SYSTEM_IDS if s not in MODEL_SYSTEMS]
    assert INDEX["points_avg_last_5"] == 0
