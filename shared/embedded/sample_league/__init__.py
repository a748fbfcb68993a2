"""A simulated league in code: invented teams and players, plausible numbers, fixed seed."""

from __future__ import annotations

from shared.embedded.sample_league.calendar import AFTER_GAMES, DEMO_DATE, DEMO_NOW
from shared.embedded.sample_league.league import (
    SEED,
    League,
    generate,
    league_before,
    results_of,
    write_parquet,
)

__all__ = [
    "AFTER_GAMES",
    "DEMO_DATE",
    "DEMO_NOW",
    "SEED",
    "League",
    "generate",
    "league_before",
    "results_of",
    "write_parquet",
]
