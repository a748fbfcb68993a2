"""What the feature store holds for a game date, and what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from shared.application.features.diagnosis import Diagnosis, MlfsDoctor
from shared.application.views.ttl_cache import ForAMinute
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
    player_id: int | None = None


@dataclass(frozen=True)
class FeaturesOfDay:
    diagnosis: Diagnosis
    absent: tuple[AbsentRow, ...]
    features: tuple[FeatureRow, ...]


class ShowFeatures:
    """Asks the doctor of the feature store, whose answer it gives again for a minute."""

    def __init__(self, doctor: MlfsDoctor, clock: Clock) -> None:
        self._clock = clock
        self._found = ForAMinute[date, FeaturesOfDay](lambda day: _of(doctor(day, day)[day]))

    def __call__(self, game_date: date | None = None) -> FeaturesOfDay:
        return self._found(self._day(game_date))

    def known(self, game_date: date | None = None) -> FeaturesOfDay | None:
        """What was found within the last minute."""
        return self._found.known(self._day(game_date))

    def _day(self, game_date: date | None) -> date:
        return game_date or eastern_date(self._clock.now())


def _of(found: Diagnosis) -> FeaturesOfDay:
    return FeaturesOfDay(
        diagnosis=found,
        absent=tuple(
            AbsentRow(p.player_lookup, p.game_id, why, p.player_id) for p, why in found.missing.items()
        ),
        features=tuple(
            FeatureRow(name, of.missing, of.approximated, of.cause)
            for name, of in found.features.items()
            if of.missing or of.approximated
        ),
    )
