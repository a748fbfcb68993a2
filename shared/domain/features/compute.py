"""Compute the 33 features of the contract and the other inputs of the systems for player-games."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.arrays import Bools, Floats, Ints, Strings
from shared.domain.features.contract import APPROXIMATED, EXACT, FEATURES, INDEX, MISSING, QUALITY_WEIGHT
from shared.domain.features.history import History
from shared.domain.features.league import LeagueMeans, league_means
from shared.domain.features.past import HISTORY_DAYS, SEASON_GAMES, Past, TeamPast
from shared.domain.features.recent_games import FORM_GAP, RECENT_FIELDS, RECENT_GAMES, TIER_GAP, three_levels
from shared.domain.features.windows import ratio, window
from shared.domain.instants import cut_offs

RECENT_DAYS = 90
LOAD_DAYS = HISTORY_DAYS + RECENT_DAYS
"""Days to load before a game date: features of past games need earlier games too."""

CHUNK = 4096


@dataclass(frozen=True)
class Targets:
    """Player-games to compute, ``n`` of them.

    ``as_of``: microseconds; only results available before it are used. ``line``, ``opening``: points, NaN
    without one. ``opening_exact``: the opening is another quote than the current one.
    ``injury_risk``: 0-3, NaN where no report is loaded.
    """

    player: Ints
    team: Strings
    opponent: Strings
    is_home: Bools
    playoffs: Bools
    day: Ints
    season: Ints
    as_of: Ints
    line: Floats
    opening: Floats
    opening_exact: Bools
    injury_risk: Floats

    def __len__(self) -> int:
        return len(self.day)

    def take(self, rows: slice | Ints) -> Targets:
        return Targets(**{name: values[rows] for name, values in vars(self).items()})


@dataclass(frozen=True)
class FeatureRows:
    """The result for ``n`` targets.

    ``values``: (n, 33), NaN where missing. ``provenance``: (n, 33) codes of the contract. ``quality``:
    (n,) 0-100. ``recent``: (n, 30, 5) past games, newest first, NaN where there are fewer.
    ``max_day``: (n,) latest game date used, -1 for none.
    """

    values: Floats
    provenance: NDArray[np.int8]
    quality: Floats
    league_def_rating: Floats
    days_rest: Floats
    recent: Floats
    max_day: Ints


def compute(history: History, targets: Targets, with_recent: bool = True) -> FeatureRows:
    """Return features of every target as of its instant; ``recent`` is empty unless ``with_recent``."""
    parts = [
        _compute(history, targets.take(slice(at, at + CHUNK)), with_recent)
        for at in range(0, max(len(targets), 1), CHUNK)
    ]
    return FeatureRows(
        *(np.concatenate([getattr(p, name) for p in parts]) for name in FeatureRows.__dataclass_fields__)
    )


def _compute(history: History, t: Targets, with_recent: bool) -> FeatureRows:
    past = Past.of(history, t.player, t.day, t.as_of, t.season)
    own = TeamPast.of(history, t.team, t.day, t.as_of, t.season)
    opp = TeamPast.of(history, t.opponent, t.day, t.as_of, t.season)
    league = league_means(history, t.day, t.as_of)
    out = _Sheet(len(t))
    _scoring(out, history, past, t)
    _load(out, history, past, t)
    _minutes(out, history, past)
    _teams(out, own, opp)
    _shots(out, history, past, opp, league)
    _market(out, t)
    out.put("home_away", t.is_home.astype(np.float64))
    out.put("playoff_game", t.playoffs.astype(np.float64))
    out.put("injury_risk", t.injury_risk)
    quality = np.asarray(np.take(QUALITY_WEIGHT, out.provenance).sum(axis=-1)) / len(FEATURES) * 100.0
    return FeatureRows(
        out.values,
        out.provenance,
        quality,
        league.def_rating,
        past.days_rest,
        _recent(history, past, t) if with_recent else np.empty((len(t), 0, len(RECENT_FIELDS))),
        past.last_day,
    )


class _Sheet:
    """Values and provenance under construction; NaN is missing, even if it is put as exact."""

    def __init__(self, n: int) -> None:
        self.values = np.full((n, len(FEATURES)), np.nan)
        self.provenance = np.full((n, len(FEATURES)), MISSING, np.int8)

    def put(self, name: str, values: Floats, provenance: int | NDArray[np.int8] = EXACT) -> None:
        at = INDEX[name]
        self.values[:, at] = values + 0.0  # -0.0 becomes 0.0: stores do not keep its sign
        self.provenance[:, at] = np.where(np.isnan(values), MISSING, provenance)


def _scoring(out: _Sheet, history: History, past: Past, t: Targets) -> None:
    points = history.stats["points"]
    five, ten = past.last(5), past.last(10)
    out.put("points_avg_last_5", five.mean(points))
    out.put("points_avg_last_10", ten.mean(points))
    out.put("points_avg_season", past.season_mean(points))
    out.put("points_std_last_10", ten.std(points))
    last_two, last_five = past.last(2).total(points), five.total(points)
    lift = ratio(last_two, np.full(len(t), 2), five.count == 5)
    drop = ratio(last_five - last_two, np.full(len(t), 3), five.count == 5)
    out.put("recent_trend", steps(lift - drop, 2.0, 5.0))
    games = past.last(SEASON_GAMES * 3)
    opponents = _opponent_codes(history)
    opponent = history.team_codes(t.opponent)
    against = games.valid & (opponents[games.index] == opponent[:, None]) if len(opponents) else games.valid
    total = np.asarray(np.where(against, games.gather(points), 0.0).sum(axis=-1))
    count = against.sum(axis=-1)
    out.put("avg_points_vs_opponent", ratio(total, count, count > 0))
    out.put("games_vs_opponent", np.where(past.end > past.start, count, 0).astype(np.float64))


def _opponent_codes(history: History) -> Ints:
    g = history.games
    name = np.where(history.is_home, g.away[history.game], g.home[history.game])
    return history.team_codes(name)


def steps(change: Floats, small: float, large: float) -> Floats:
    """Return -2, -1, 0, 1 or 2 by the size of a change; NaN stays NaN."""
    size = (np.abs(change) >= small).astype(np.float64) + (np.abs(change) >= large)
    return np.where(np.isnan(change), np.nan, np.sign(change) * size)


def _load(out: _Sheet, history: History, past: Past, t: Targets) -> None:
    """Put the features of the player's recent load; fatigue 100 is fresh."""
    has_games = past.end > past.start
    week = past.end - past.since_7
    minutes = window(past.since_7, past.end, 8).total(history.stats["minutes"])
    fortnight = window(past.since_14, past.end, 15)
    days = fortnight.gather(history.day.astype(np.float64))
    back_to_backs = np.asarray(
        ((days[:, :-1] - days[:, 1:] == 1.0) & fortnight.valid[:, 1:]).sum(axis=-1), dtype=np.int64
    )
    back_to_back = past.days_rest == 0
    score = 100.0 + np.where(back_to_back, -15.0, np.where(past.days_rest >= 3, 5.0, 0.0))
    score += np.where(week >= 4, -10.0, 0.0) + np.where(minutes > 240.0, -10.0, 0.0)
    score += np.where(ratio(minutes, week, week > 0) > 35.0, -8.0, 0.0)
    score += np.where(back_to_backs >= 2, -12.0, np.where(back_to_backs == 1, -5.0, 0.0))
    birth_day = (
        history.birth_day[np.maximum(past.end - 1, 0)] if len(history.birth_day) else np.full(len(t), np.nan)
    )
    age = (t.day - np.where(has_games, birth_day, np.nan)) / 365.25
    score += np.where(age >= 35, -10.0, np.where(age >= 30, -5.0, 0.0))
    exact = np.where(np.isnan(age), APPROXIMATED, EXACT).astype(np.int8)
    out.put("fatigue_score", np.where(has_games, np.clip(score, 0.0, 100.0), np.nan), exact)
    out.put("games_in_last_7_days", np.where(has_games, week, np.nan))
    out.put("back_to_back", np.where(has_games, back_to_back, np.nan))


def _minutes(out: _Sheet, history: History, past: Past) -> None:
    minutes, points = history.stats["minutes"], history.stats["points"]
    ten = past.last(10)
    season = past.season_mean(minutes)
    out.put("minutes_change", steps((ten.mean(minutes) - season) / season, 0.10, 0.20))
    month = window(past.since_30, past.end, 10)
    out.put("minutes_avg_last_10", month.mean(minutes))
    out.put("ppm_avg_last_10", month.mean(ratio(points, minutes, minutes > 0)))
    spike = past.last(10).mean(history.stats["usage"], 10) - past.last(7).mean(history.stats["usage"], 7)
    out.put("usage_spike_score", np.clip(0.3 * spike, -3.0, 3.0), APPROXIMATED)


def _teams(out: _Sheet, own: TeamPast, opp: TeamPast) -> None:
    own_pace = own.mean("pace", 10)
    out.put("pace_score", np.clip((opp.mean("pace", 10) - own_pace) / 2.0, -3.0, 3.0), APPROXIMATED)
    out.put("rest_advantage", np.clip(own.days_rest - opp.days_rest, -2.0, 2.0))
    out.put("opponent_def_rating", opp.mean("def_rating", 15), APPROXIMATED)
    out.put("opponent_pace", opp.mean("pace", 15), APPROXIMATED)
    out.put("team_pace", own_pace, APPROXIMATED)
    out.put("team_off_rating", own.mean("off_rating", 10), APPROXIMATED)
    wins = window(own.season_start, own.end, SEASON_GAMES)
    out.put("team_win_pct", wins.mean(own.history.teams.values["win"], 5))


def _shots(out: _Sheet, history: History, past: Past, opp: TeamPast, league: LeagueMeans) -> None:
    s, ten = history.stats, past.last(10)
    shots = {name: ten.total(s[name]) for name in ("fga", "fg3a", "ftm", "points", "paint_fga", "mid_fga")}
    located = shots["paint_fga"] + shots["mid_fga"] + shots["fg3a"]
    out.put("pct_paint", ratio(shots["paint_fga"], located, ten.count > 0))
    out.put("pct_mid_range", ratio(shots["mid_fga"], located, ten.count > 0))
    out.put("pct_three", ratio(shots["fg3a"], shots["fga"], ten.count > 0))
    out.put("pct_free_throw", ratio(shots["ftm"], shots["points"], ten.count >= 5))
    shares = np.stack([ratio(shots[k], located, ten.count > 0) for k in ("paint_fga", "mid_fga", "fg3a")], -1)
    gaps = np.stack(
        [
            100.0
            * (
                ratio(opp.total(f"allowed_{z}m", 15), opp.total(f"allowed_{z}a", 15), opp.end > opp.start)
                - mean
            )
            for z, mean in (("paint_fg", league.paint), ("mid_fg", league.mid_range), ("fg3", league.three))
        ],
        -1,
    )
    primary = np.argmax(np.nan_to_num(shares, nan=-1.0), axis=-1)
    rows = np.arange(len(primary))
    raw = gaps[rows, primary] * np.minimum(shares[rows, primary] * 100.0 / 50.0, 1.0)
    out.put("shot_zone_mismatch_score", np.clip(np.where(np.abs(raw) > 5.0, raw * 1.2, raw), -10.0, 10.0))


def _market(out: _Sheet, t: Targets) -> None:
    quality = np.where(t.opening_exact, EXACT, APPROXIMATED).astype(np.int8)
    out.put("vegas_points_line", t.line)
    out.put("vegas_opening_line", t.opening, quality)
    out.put("vegas_line_move", t.line - t.opening, quality)
    out.put("has_vegas_line", (~np.isnan(t.line)).astype(np.float64))


def _recent(history: History, past: Past, t: Targets) -> Floats:
    """Return (n, 30, 5) games of the last 90 days, each described by results from before it."""
    recent = np.full((len(t), RECENT_GAMES, len(RECENT_FIELDS)), np.nan)
    games = past.last(RECENT_GAMES)
    if not len(history.day):
        return recent
    valid = games.valid & (history.day[games.index] >= (t.day - RECENT_DAYS)[:, None])
    rows, inverse = np.unique(games.index[valid], return_inverse=True)
    for at in range(0, len(rows), CHUNK):
        chunk = rows[at : at + CHUNK]
        traits = _traits(history, chunk)
        in_chunk = (inverse >= at) & (inverse < at + CHUNK)
        position = tuple(axis[in_chunk] for axis in np.nonzero(valid))
        recent[position] = traits[inverse[in_chunk] - at]
    return recent


def _traits(history: History, rows: Ints) -> Floats:
    """Return (k, 5) points, opponent tier, days of rest, venue and form of past games, as of each game."""
    g, game = history.games, history.game[rows]
    day, season = g.day[game], g.season[game]
    as_of = cut_offs(day, g.tipoff[game])
    player = history.player_ids[history.players.entity[rows]]
    home = history.is_home[rows]
    past = Past.of(history, player, day, as_of, season)
    opp = TeamPast.of(history, np.where(home, g.away[game], g.home[game]), day, as_of, season)
    points = history.stats["points"]
    form = past.last(5).mean(points) - past.season_mean(points)
    tier = opp.mean("def_rating", 15) - league_means(history, day, as_of).def_rating
    return np.stack(
        [
            points[rows],
            three_levels(tier, TIER_GAP),
            past.days_rest,
            home.astype(np.float64),
            three_levels(form, FORM_GAP),
        ],
        axis=-1,
    )
