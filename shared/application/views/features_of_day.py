"""What the feature store holds for a game date, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from shared.application.mlfs import Diagnosis, MlfsDoctor
from shared.domain.instants import eastern_date
from shared.ports import Clock


@dataclass(frozen=True)
class FeatureRow:
    """A feature of which some values are missing or approximated."""

    feature: str
    missing: int
    approximated: int
    cause: str | None


@dataclass(frozen=True)
class AbsentRow:
    """An expected player without features."""

    player_lookup: str
    game_id: str
    reason: str


@dataclass(frozen=True)
class FeaturesOfDay:
    diagnosis: Diagnosis
    absent: tuple[AbsentRow, ...]
    features: tuple[FeatureRow, ...]


class ShowFeatures:
    def __init__(self, doctor: MlfsDoctor, clock: Clock) -> None:
        self._doctor, self._clock = doctor, clock

    def __call__(self, game_date: date | None = None) -> FeaturesOfDay:
        day = game_date or eastern_date(self._clock.now())
        found = self._doctor(day, day)[day]
        return FeaturesOfDay(
            diagnosis=found,
            absent=tuple(AbsentRow(p, found.games.get(p, ""), why) for p, why in found.missing.items()),
            features=tuple(
                FeatureRow(name, of.missing, of.approximated, of.cause)
                for name, of in found.features.items()
                if of.missing or of.approximated
            ),
        )
