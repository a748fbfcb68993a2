"""Features of a game date in the feature store, and the missing ones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from shared.application.features.diagnosis import Diagnosis, MlfsDoctor
from shared.application.views.ttl_cache import TtlCache
from shared.domain.instants import eastern_date
from shared.ports import Clock


@dataclass(frozen=True)
class FeatureRow:
    """A feature with missing or approximated values; ``missing`` and ``approximated`` count players."""

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
    player_id: int | None = None


@dataclass(frozen=True)
class FeaturesOfDay:
    diagnosis: Diagnosis
    absent: tuple[AbsentRow, ...]
    features: tuple[FeatureRow, ...]


class ShowFeatures:
    """Diagnoses the feature store; a diagnosis is cached for a minute."""

    def __init__(self, doctor: MlfsDoctor, clock: Clock) -> None:
        self._clock = clock
        self._cache = TtlCache[date, FeaturesOfDay](lambda day: _features_of_day(doctor(day, day)[day]))

    def __call__(self, game_date: date | None = None) -> FeaturesOfDay:
        return self._cache(self._day(game_date))

    def get_cached(self, game_date: date | None = None) -> FeaturesOfDay | None:
        """Return the diagnosis of the last minute, None if there is none."""
        return self._cache.get_cached(self._day(game_date))

    def _day(self, game_date: date | None) -> date:
        return game_date or eastern_date(self._clock.now())


def _features_of_day(diagnosis: Diagnosis) -> FeaturesOfDay:
    return FeaturesOfDay(
        diagnosis=diagnosis,
        absent=tuple(
            AbsentRow(p.player_lookup, p.game_id, reason, p.player_id)
            for p, reason in diagnosis.missing.items()
        ),
        features=tuple(
            FeatureRow(name, counts.missing, counts.approximated, counts.cause)
            for name, counts in diagnosis.features.items()
            if counts.missing or counts.approximated
        ),
    )
