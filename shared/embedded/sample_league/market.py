"""Quotes of the sample league's books: opening, midday, an hour before, and a late one."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from shared.embedded.sample_league.people import TEAMS
from shared.embedded.sample_league.simulate import SOURCE, Expectation

Floats = NDArray[np.float64]

BOOKS = ("draftkings", "fanduel", "betmgm", "prizepicks")
BEFORE_TIPOFF = (timedelta(hours=9), timedelta(hours=5), timedelta(hours=1), timedelta(minutes=12))
SURE = (1.3, 1.0, 0.8, 0.6)
"""Standard deviation in points of what the market thinks at each snapshot."""

LEAST_POINTS = 7.0
ALTERNATES = 0.06
MARGIN = 0.06


def quotes(rng: np.random.Generator, expected: list[Expectation]) -> pa.Table:
    """One main line per player, book and snapshot, and now and then a one-sided alternate."""
    some = [e for e in expected if e.points >= LEAST_POINTS]
    n, b = len(some), len(BOOKS)
    truth = np.array([e.points for e in some])
    opinion = truth[:, None, None] + rng.normal(0, 1, (n, 1, 1)) * np.array(SURE)
    opinion = opinion + rng.normal(0, 0.35, (n, b, 1))
    line = np.maximum(np.floor(opinion - 0.35) + 0.5, 0.5)
    over = np.clip(0.5 + (opinion - line) * 0.05 + rng.normal(0, 0.015, line.shape), 0.35, 0.65)
    offered = np.broadcast_to(rng.random((n, b, 1)) < 0.85, line.shape)
    pick_em = np.broadcast_to(np.array([book == "prizepicks" for book in BOOKS])[:, None], line.shape)
    main = np.ones(line.shape, np.bool_)
    sides = {
        "line": line,
        "over": np.where(pick_em, -137, american(over)),
        "under": np.where(pick_em, -137, american(1.0 - over)),
    }
    keep = np.nonzero(offered)
    at = rng.random(len(keep[0])) < ALTERNATES
    alternate = tuple(axis[at] for axis in keep)
    rows = [
        np.concatenate([a[keep], a[alternate] + (4.0 if name == "line" else 0)]) for name, a in sides.items()
    ]
    where = tuple(np.concatenate([axis, axis[at]]) for axis in keep)
    is_main = np.concatenate([main[keep], np.zeros(int(at.sum()), np.bool_)])
    return _table(some, where, rows, is_main)


def american(probability: Floats) -> Floats:
    """American odds of a probability with the book's margin on it."""
    p = np.clip(probability * (1.0 + MARGIN), 0.02, 0.98)
    return np.where(p >= 0.5, -np.round(100 * p / (1 - p)), np.round(100 * (1 - p) / p)).clip(-10000, 10000)


def _table(
    some: list[Expectation],
    where: tuple[NDArray[np.int64], ...],
    rows: list[Floats],
    is_main: NDArray[np.bool_],
) -> pa.Table:
    who, book, snapshot = (axis.tolist() for axis in where)
    line, over, under = rows
    chosen = [some[i] for i in who]
    prices = over.astype(np.int32), np.where(is_main, under, 0).astype(np.int32)
    return pa.table(
        {
            "game_date": pa.array([e.game.day for e in chosen], pa.date32()),
            "game_id": [e.game.id for e in chosen],
            "event_id": pa.nulls(len(chosen), pa.string()),
            "commence_time_utc": pa.array([e.game.tipoff for e in chosen], pa.timestamp("ms", "UTC")),
            "home_team": [TEAMS[e.game.home] for e in chosen],
            "away_team": [TEAMS[e.game.away] for e in chosen],
            "player_id": pa.array([e.player.id for e in chosen], pa.int64()),
            "player_name": [e.player.name for e in chosen],
            "team": [e.team for e in chosen],
            "opponent": [e.opponent for e in chosen],
            "bookmaker": [BOOKS[i] for i in book],
            "book_type": ["dfs" if BOOKS[i] == "prizepicks" else "sportsbook" for i in book],
            "line": pa.array(line.astype(np.float32)),
            "over_price": pa.array(prices[0]),
            "under_price": pa.array(prices[1], mask=~is_main),
            "is_main": pa.array(is_main),
            "snapshot_time_utc": pa.array(
                [e.game.tipoff - BEFORE_TIPOFF[i] for e, i in zip(chosen, snapshot, strict=True)],
                pa.timestamp("ms", "UTC"),
            ),
            "snapshot_precision": ["quote"] * len(chosen),
            "source": [SOURCE] * len(chosen),
        }
    )
