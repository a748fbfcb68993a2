"""Quotes of the sample league's bookmakers: opening, midday, an hour before tip-off, and late."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa

from shared.domain.arrays import Bools, Floats, Ints
from shared.embedded.sample_league.people import TEAMS
from shared.embedded.sample_league.simulate import SOURCE, Expectation

BOOKS = ("draftkings", "fanduel", "betmgm", "prizepicks")
BEFORE_TIPOFF = (timedelta(hours=9), timedelta(hours=5), timedelta(hours=1), timedelta(minutes=12))
OPINION_STD = (1.3, 1.0, 0.8, 0.6)
"""Standard deviation in points of the market's estimate at each snapshot."""

MIN_POINTS = 7.0
ALTERNATE_RATE = 0.06
MARGIN = 0.06


def quotes(rng: np.random.Generator, expected: list[Expectation]) -> pa.Table:
    """Generate one main line per player, book and snapshot, and quoted one-sided alternates."""
    quoted = [e for e in expected if e.points >= MIN_POINTS]
    n, b = len(quoted), len(BOOKS)
    expected_points = np.array([e.points for e in quoted])
    opinion = expected_points[:, None, None] + rng.normal(0, 1, (n, 1, 1)) * np.array(OPINION_STD)
    opinion = opinion + rng.normal(0, 0.35, (n, b, 1))
    line = np.maximum(np.floor(opinion - 0.35) + 0.5, 0.5)
    over = np.clip(0.5 + (opinion - line) * 0.05 + rng.normal(0, 0.015, line.shape), 0.35, 0.65)
    offered = np.broadcast_to(rng.random((n, b, 1)) < 0.85, line.shape)
    is_pick_em = np.broadcast_to(np.array([book == "prizepicks" for book in BOOKS])[:, None], line.shape)
    main = np.ones(line.shape, np.bool_)
    sides = {
        "line": line,
        "over": np.where(is_pick_em, -137, american(over)),
        "under": np.where(is_pick_em, -137, american(1.0 - over)),
    }
    offers = np.nonzero(offered)
    has_alternate = rng.random(len(offers[0])) < ALTERNATE_RATE
    alternate = tuple(axis[has_alternate] for axis in offers)
    rows = [
        np.concatenate([a[offers], a[alternate] + (4.0 if name == "line" else 0)])
        for name, a in sides.items()
    ]
    indexes = tuple(np.concatenate([axis, axis[has_alternate]]) for axis in offers)
    is_main = np.concatenate([main[offers], np.zeros(int(has_alternate.sum()), np.bool_)])
    return _table(quoted, indexes, rows, is_main)


def american(probability: Floats) -> Floats:
    """Return the American odds of a probability, including the book's margin."""
    p = np.clip(probability * (1.0 + MARGIN), 0.02, 0.98)
    return np.where(p >= 0.5, -np.round(100 * p / (1 - p)), np.round(100 * (1 - p) / p)).clip(-10000, 10000)


def _table(
    quoted: list[Expectation], indexes: tuple[Ints, ...], rows: list[Floats], is_main: Bools
) -> pa.Table:
    player, book, snapshot = (axis.tolist() for axis in indexes)
    line, over, under = rows
    expected = [quoted[i] for i in player]
    prices = over.astype(np.int32), np.where(is_main, under, 0).astype(np.int32)
    return pa.table(
        {
            "game_date": pa.array([e.game.day for e in expected], pa.date32()),
            "game_id": [e.game.id for e in expected],
            "event_id": pa.nulls(len(expected), pa.string()),
            "commence_time_utc": pa.array([e.game.tipoff for e in expected], pa.timestamp("ms", "UTC")),
            "home_team": [TEAMS[e.game.home] for e in expected],
            "away_team": [TEAMS[e.game.away] for e in expected],
            "player_id": pa.array([e.player.id for e in expected], pa.int64()),
            "player_name": [e.player.name for e in expected],
            "team": [e.team for e in expected],
            "opponent": [e.opponent for e in expected],
            "bookmaker": [BOOKS[i] for i in book],
            "book_type": ["dfs" if BOOKS[i] == "prizepicks" else "sportsbook" for i in book],
            "line": pa.array(line.astype(np.float32)),
            "over_price": pa.array(prices[0]),
            "under_price": pa.array(prices[1], mask=~is_main),
            "is_main": pa.array(is_main),
            "snapshot_time_utc": pa.array(
                [e.game.tipoff - BEFORE_TIPOFF[i] for e, i in zip(expected, snapshot, strict=True)],
                pa.timestamp("ms", "UTC"),
            ),
            "snapshot_precision": ["quote"] * len(expected),
            "source": [SOURCE] * len(expected),
        }
    )
