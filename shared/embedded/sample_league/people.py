"""Invented teams and players."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

TEAMS = ("ALB", "BRM", "CDR", "DUN", "ELM", "FOX", "GLN", "HRB", "IVY", "JUN", "KST", "LRK")
ROLE_MINUTES = (35.0, 33.0, 31.0, 29.0, 27.0, 22.0, 19.0, 16.0, 13.0, 9.0, 4.0, 2.0, 1.0)
ROSTER = len(ROLE_MINUTES)

_FIRST = """Arlo Bram Caden Dario Eamon Farid Gio Hale Idris Jory Kael Lonnie Marek Nolan Orin Pavel Quill
Remy Silas Tobin Ulric Vance Wes Xavi Yuri Zane Anders Boone Cyrus Dov"""
_LAST = """Abernok Bellwick Corvane Dunmarrow Eskeld Farrowby Gantley Holmvik Istrand Jessamer Kirnock Lorrimo
Mallowen Nesterby Okwela Pendrick Quarrin Rosvelt Santelle Tirwane Umberly Vasquine Wendrake Yarrowe
Zelmont Ashkirk Brindlow Castova Drexmoor Ellivar"""


@dataclass
class Player:
    """A player with simulation parameters; shares and rates are 0-1, ``usage`` shots per minute."""

    id: int
    name: str
    team: int
    role: int
    born: date
    usage: float
    three_share: float
    paint_share: float
    three_skill: float
    paint_skill: float
    mid_skill: float
    foul_rate: float
    ft_skill: float
    form: float = 1.0
    games_out: int = 0

    @property
    def points_per_minute(self) -> float:
        inside = self.paint_share * self.paint_skill * 2 + (1 - self.paint_share) * self.mid_skill * 2
        shot = self.three_share * self.three_skill * 3 + (1 - self.three_share) * inside
        return self.usage * shot + self.foul_rate * self.ft_skill


def players(rng: np.random.Generator) -> list[Player]:
    """Generate thirteen players per team; better players get more minutes."""
    names = [f"{first} {last}" for first in _FIRST.split() for last in _LAST.split()]
    picked = rng.permutation(len(names))[: len(TEAMS) * ROSTER]
    return [_player(rng, i, names[int(n)]) for i, n in enumerate(picked)]


def _player(rng: np.random.Generator, i: int, name: str) -> Player:
    role = i % ROSTER
    star = max(0.0, 1.0 - role / 9.0)
    return Player(
        id=900_001 + i,
        name=name,
        team=i // ROSTER,
        role=role,
        born=date(1990, 1, 1) + timedelta(days=int(rng.integers(0, 4500))),
        usage=float(np.clip(rng.normal(0.285 + 0.14 * star, 0.045), 0.17, 0.6)),
        three_share=float(np.clip(rng.normal(0.38, 0.14), 0.02, 0.75)),
        paint_share=float(np.clip(rng.normal(0.65, 0.15), 0.2, 0.98)),
        three_skill=float(np.clip(rng.normal(0.36, 0.025), 0.28, 0.43)),
        paint_skill=float(np.clip(rng.normal(0.58, 0.04), 0.45, 0.72)),
        mid_skill=float(np.clip(rng.normal(0.42, 0.03), 0.33, 0.5)),
        foul_rate=float(np.clip(rng.normal(0.07 + 0.06 * star, 0.03), 0.01, 0.25)),
        ft_skill=float(np.clip(rng.normal(0.78, 0.07), 0.5, 0.93)),
    )
