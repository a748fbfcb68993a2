"""Simulates the games of the sample league in order."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np

from shared.domain.arrays import Floats
from shared.embedded.sample_league.calendar import Game, season_name
from shared.embedded.sample_league.people import ROLE_MINUTES, TEAMS, Player

ACTIVE = 10
SOURCE = "sample league"


@dataclass
class Expectation:
    """Expected points of a player before a game, the basis of the bookmakers' lines."""

    game: Game
    player: Player
    team: str
    opponent: str
    points: float


@dataclass
class Season:
    """All results, as rows of plain values."""

    logs: list[dict[str, Any]] = field(default_factory=list)
    injuries: list[dict[str, Any]] = field(default_factory=list)
    expectations: list[Expectation] = field(default_factory=list)
    scores: dict[str, tuple[int, int]] = field(default_factory=dict)


def simulate_games(rng: np.random.Generator, games: list[Game], players: list[Player]) -> Season:
    """Simulate all games in order; form, injuries and team defences change over time."""
    season = Season()
    defence = rng.normal(1.0, 0.045, len(TEAMS))
    pace = rng.normal(1.0, 0.03, len(TEAMS))
    for i, game in enumerate(games):
        if i % 60 == 0:
            _trade(rng, players)
            defence = 1.0 + 0.9 * (defence - 1.0) + rng.normal(0, 0.012, len(TEAMS))
        tempo = float((pace[game.home] + pace[game.away]) / 2)
        sides = []
        for home in (True, False):
            team, opponent = (game.home, game.away) if home else (game.away, game.home)
            squad = sorted((p for p in players if p.team == team), key=lambda p: p.role)
            against = float(defence[opponent]) * tempo * (1.015 if home else 0.985)
            sides.append(_side(rng, season, game, squad, home, against))
        _settle(season, game, sides)
    return season


def _trade(rng: np.random.Generator, players: list[Player]) -> None:
    """Exchange two players of the same role between teams."""
    role = int(rng.integers(2, 9))
    a, b = rng.choice([p.id for p in players if p.role == role], 2, replace=False)
    first, second = (next(p for p in players if p.id == i) for i in (a, b))
    first.team, second.team = second.team, first.team


def _side(
    rng: np.random.Generator, season: Season, game: Game, squad: list[Player], home: bool, against: float
) -> list[dict[str, Any]]:
    playing = [p for p in squad if _is_available(rng, season, game, p)]
    late = _late_scratch(rng, season, game, playing)
    team, opponent = TEAMS[squad[0].team], TEAMS[game.away if home else game.home]
    total_minutes = sum(ROLE_MINUTES[p.role] for p in playing[:ACTIVE])
    for p in playing[:ACTIVE]:
        points = 240.0 * ROLE_MINUTES[p.role] / total_minutes * p.points_per_minute * against * p.form
        season.expectations.append(Expectation(game, p, team, opponent, points))
    active = [p for p in playing if p is not late][:ACTIVE]
    minutes = _minutes(rng, active)
    rows = [_box_score_row(rng, game, p, m, home, against) for p, m in zip(active, minutes, strict=True)]
    rows += [_absent(game, p, home) for p in squad if p not in active]
    for p in squad:
        p.form = float(np.clip(1.0 + 0.93 * (p.form - 1.0) + rng.normal(0, 0.04), 0.7, 1.35))
    return rows


def _is_available(rng: np.random.Generator, season: Season, game: Game, p: Player) -> bool:
    if p.games_out > 0:
        p.games_out -= 1
        _report(season, game, p, "out", timedelta(hours=6))
        return False
    chance = rng.random()
    if chance < 0.012:
        p.games_out = int(rng.integers(1, 9))
        _report(season, game, p, "questionable", timedelta(hours=8))
        _report(season, game, p, "out", timedelta(hours=4))
        return False
    if chance < 0.05:
        status = ("questionable", "probable", "doubtful")[int(rng.integers(0, 3))]
        _report(season, game, p, status, timedelta(hours=6))
        _report(season, game, p, "available" if status == "doubtful" else status, timedelta(hours=3))
    return True


def _late_scratch(rng: np.random.Generator, season: Season, game: Game, squad: list[Player]) -> Player | None:
    """Sometimes withdraw a player minutes before tip-off, after every prediction."""
    if rng.random() > 0.15:
        return None
    p = squad[int(rng.integers(0, min(8, len(squad))))]
    _report(season, game, p, "out", timedelta(minutes=10))
    return p


def _report(season: Season, game: Game, p: Player, status: str, before: timedelta) -> None:
    season.injuries.append(
        {
            "game_date": game.day,
            "game_id": game.id,
            "player_id": p.id,
            "player_name": p.name,
            "team": TEAMS[p.team],
            "status": status,
            "reported_at_utc": game.tipoff - before,
        }
    )


def _minutes(rng: np.random.Generator, active: list[Player]) -> Floats:
    """Return 240 minutes per team in tenths, by role with daily variation."""
    share = np.array([ROLE_MINUTES[p.role] for p in active]) * rng.lognormal(0, 0.14, len(active))
    minutes = np.round(np.minimum(share / share.sum() * 240.0, 42.0), 1)
    spare = np.argsort(minutes)[: len(active) // 2]
    gap = round(240.0 - float(minutes.sum()), 1)
    minutes[spare] += np.round(gap / len(spare), 1)
    minutes[spare[-1]] += 240.0 - float(minutes.sum())
    return np.asarray(np.round(minutes, 1))


def _box_score_row(
    rng: np.random.Generator, game: Game, p: Player, minutes: float, home: bool, against: float
) -> dict[str, Any]:
    shots = int(rng.poisson(minutes * p.usage * against * p.form))
    threes = int(rng.binomial(shots, p.three_share))
    paint = int(rng.binomial(shots - threes, p.paint_share))
    mid = shots - threes - paint
    made_shots = [
        int(rng.binomial(n, k))
        for n, k in ((threes, p.three_skill), (paint, p.paint_skill), (mid, p.mid_skill))
    ]
    free_throw_attempts = int(rng.poisson(minutes * p.foul_rate * against))
    free_throws = int(rng.binomial(free_throw_attempts, p.ft_skill))
    count = rng.poisson(minutes * np.array([0.03, 0.1, 0.09, 0.03, 0.02, 0.05, 0.08]))
    return {
        **_common(game, p, home),
        "did_play": True,
        "dnp_reason": None,
        "starter": p.role < 5,
        "minutes": float(minutes),
        "points": made_shots[0] * 3 + (made_shots[1] + made_shots[2]) * 2 + free_throws,
        "fgm": sum(made_shots),
        "fga": shots,
        "fg3m": made_shots[0],
        "fg3a": threes,
        "ftm": free_throws,
        "fta": free_throw_attempts,
        **dict(zip(("oreb", "dreb", "ast", "stl", "blk", "tov", "pf"), (int(c) for c in count), strict=True)),
        "paint_fga": paint,
        "paint_fgm": made_shots[1],
        "mid_range_fga": mid,
        "mid_range_fgm": made_shots[2],
    }


def _absent(game: Game, p: Player, home: bool) -> dict[str, Any]:
    reason = "Did Not Dress" if p.games_out else "Did Not Play"
    return {**_common(game, p, home), "did_play": False, "dnp_reason": reason, "minutes": 0.0}


def _common(game: Game, p: Player, home: bool) -> dict[str, Any]:
    team, opponent = (game.home, game.away) if home else (game.away, game.home)
    return {
        "season": season_name(game.season),
        "season_type": "Regular Season",
        "game_id": game.id,
        "game_date": game.day,
        "player_id": p.id,
        "player_name": p.name,
        "team": TEAMS[team],
        "opponent": TEAMS[opponent],
        "is_home": home,
        "minutes_exact": True,
        "birth_date": p.born,
        "source": SOURCE,
    }


def _settle(season: Season, game: Game, sides: list[list[dict[str, Any]]]) -> None:
    """Add up the scores; one more free throw of the home team breaks a tie."""
    home, away = (sum(r["points"] for r in rows if r["did_play"]) for rows in sides)
    if home == away:
        first = sides[0][0]
        for name in ("points", "ftm", "fta"):
            first[name] += 1
        home += 1
    season.scores[game.id] = (home, away)
    for rows, lead in zip(sides, (home - away, away - home), strict=True):
        for r in rows:
            if r["did_play"]:
                r["plus_minus"] = round(lead * r["minutes"] / 48.0)
        season.logs += rows
