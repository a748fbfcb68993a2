"""All prediction systems: to add one, add a module to this package and a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from shared.domain.features.context import WITHOUT_MARKET_INPUTS
from shared.domain.features.contract import FEATURES
from shared.domain.systems.base import Batch, Forecast, Regressor, System, TrainedSystem
from shared.domain.systems.catboost import CatBoostSystem
from shared.domain.systems.ensemble import FIXED_WEIGHTS, Ensemble
from shared.domain.systems.line_anchored import LineAnchored
from shared.domain.systems.moving_average import MovingAverage
from shared.domain.systems.similarity import Similarity
from shared.domain.systems.zone_matchup import ZoneMatchup


@dataclass(frozen=True)
class Trained:
    """A system that needs a model: ``inputs``: the model's columns in order; ``make`` builds the system."""

    inputs: tuple[str, ...]
    make: Callable[[Regressor], TrainedSystem]


FORMULAS: tuple[System, ...] = (MovingAverage(), ZoneMatchup(), Similarity())
TRAINED: dict[str, Trained] = {
    "catboost_v8": Trained(FEATURES, partial(CatBoostSystem, "catboost_v8")),
    "catboost_v9": Trained(FEATURES, partial(CatBoostSystem, "catboost_v9")),
    "catboost_v9_2026_02": Trained(FEATURES, partial(CatBoostSystem, "catboost_v9_2026_02")),
    "line_anchored_v1": Trained(WITHOUT_MARKET_INPUTS, LineAnchored),
}
ENSEMBLES: tuple[System, ...] = (Ensemble("ensemble_v1"), Ensemble("ensemble_v1_1", FIXED_WEIGHTS))

MODEL_SYSTEMS = tuple(TRAINED)
SYSTEM_IDS: tuple[str, ...] = (
    *(s.system_id for s in FORMULAS),
    *MODEL_SYSTEMS,
    *(s.system_id for s in ENSEMBLES),
)


def build_systems(models: Mapping[str, Regressor]) -> tuple[System, ...]:
    """Return the systems that can run with these models, members before the systems that combine them."""
    unknown = sorted(set(models) - set(MODEL_SYSTEMS))
    if unknown:
        raise ValueError(f"models for {unknown}, expected some of {', '.join(MODEL_SYSTEMS)}")
    trained = tuple(trained_system(name, models[name]) for name in MODEL_SYSTEMS if name in models)
    return (*FORMULAS, *trained, *ENSEMBLES)


def required_models(systems: Sequence[str]) -> list[str]:
    """Return systems with a model that are requested, directly or as a member of an ensemble."""
    members = {m for e in ENSEMBLES if e.system_id in systems for m in e.members}
    return [s for s in MODEL_SYSTEMS if s in {*systems, *members}]


def trained_system(system_id: str, model: Regressor) -> TrainedSystem:
    """Return one system with a trained model."""
    return TRAINED[system_id].make(model)


def select_with_members(systems: Sequence[System], requested: Sequence[str]) -> list[System]:
    """Return those of ``systems`` that are requested, directly or as a member of a requested one."""
    members = {m for s in systems if s.system_id in requested for m in s.members}
    return [s for s in systems if s.system_id in requested or s.system_id in members]


def forecast_all(systems: Sequence[System], batch: Batch) -> dict[str, Forecast]:
    """Return the forecast of each system by its id."""
    forecasts: dict[str, Forecast] = {}
    for system in systems:
        if system.system_id in forecasts:
            raise ValueError(f"two systems have the id {system.system_id}")
        members = {m: forecasts[m] for m in system.members if m in forecasts}
        forecasts[system.system_id] = system.forecast(batch, members)
    return forecasts
