"""A slate as rows of the feature store and of the two tables written with it."""

from __future__ import annotations

import hashlib
from datetime import date, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from shared.application.features.slate import Slate
from shared.domain.features.contract import FEATURES, INDEX, PROVENANCE_NAMES
from shared.domain.instants import from_micros
from shared.schemas.feature_store import ML_FEATURE_STORE, PLAYER_DAILY_CACHE, UPCOMING_PLAYER_GAME_CONTEXT
from shared.schemas.messages import FEATURE_VERSION, QUOTED_LINE, STORED_LINE
from shared.schemas.table import Table


def feature_hash(values: np.ndarray, context: np.ndarray) -> str:
    """Return the hash of one row's 33 values and its context, bit for bit; all missing values are equal."""
    row = np.concatenate([values, context])
    return hash_feature_bytes(np.where(np.isnan(row), np.nan, row).astype("<f8", copy=False).tobytes())


def hash_feature_bytes(inputs: bytes) -> str:
    """Return the ``feature_hash`` of values and context as little-endian doubles; each missing value must
    have the bits of numpy's ``nan``."""
    return hashlib.sha256(inputs).hexdigest()[:32]


def snapshot_rows(slate: Slate, snapshots: dict[date, str], created: datetime) -> dict[str, pa.Table]:
    """Return rows of the three tables; the feature store holds expected players, the context all candidates.

    Dates without a snapshot id give no rows.
    """
    games = slate.games.take(pa.array(slate.row))
    dates = games["game_date"].to_pylist()
    has_snapshot = pa.array([d in snapshots for d in dates], pa.bool_())
    common = {
        "snapshot_id": pa.array([snapshots.get(d) for d in dates], pa.string()),
        "player_lookup": pa.array(slate.lookups, pa.string()),
        "player_id": pa.array(slate.targets.player),
        "game_id": games["game_id"],
        "game_date": games["game_date"],
        "team_abbr": pa.array(slate.targets.team.tolist(), pa.string()),
        "opponent_team_abbr": pa.array(slate.targets.opponent.tolist(), pa.string()),
        "as_of": pa.array([from_micros(m) for m in slate.targets.as_of], pa.timestamp("us", "UTC")),
        "created_at": pa.array([created] * len(dates), pa.timestamp("us", "UTC")),
    }
    expected = pa.array([c.expected for c in slate.candidates], pa.bool_())
    is_stored = pc.and_(expected, has_snapshot)
    feature_rows = pa.table(common | _feature_columns(slate)).filter(is_stored)
    return {
        ML_FEATURE_STORE.name: _select_columns(ML_FEATURE_STORE, feature_rows),
        PLAYER_DAILY_CACHE.name: _select_columns(
            PLAYER_DAILY_CACHE, pa.table(common | _cache_columns(slate)).filter(is_stored)
        ),
        UPCOMING_PLAYER_GAME_CONTEXT.name: _select_columns(
            UPCOMING_PLAYER_GAME_CONTEXT, pa.table(common | _context_columns(slate)).filter(has_snapshot)
        ),
    }


def _select_columns(table: Table, rows: pa.Table) -> pa.Table:
    return rows.select([c for c in table.column_names if c in rows.column_names])


def _nullable(values: np.ndarray) -> pa.Array:
    return pa.array(np.asarray(values, dtype=np.float64), from_pandas=True)


def _feature_columns(slate: Slate) -> dict[str, pa.Array]:
    f = slate.features
    columns: dict[str, pa.Array] = {}
    names = pa.array(PROVENANCE_NAMES)
    for i in range(len(FEATURES)):
        columns[f"feature_{i}_value"] = _nullable(f.values[:, i])
        columns[f"feature_{i}_source"] = names.take(pa.array(f.provenance[:, i].astype(np.int64)))
    quotes = slate.quotes.take(pa.array(slate.quote, mask=slate.quote < 0))
    return columns | {
        "feature_version": pa.array([FEATURE_VERSION] * len(f.values), pa.string()),
        "feature_quality_score": pa.array(f.quality),
        "feature_hash": pa.array(list(map(feature_hash, f.values, slate.context)), pa.string()),
        **{STORED_LINE[field]: quotes[column] for field, column in QUOTED_LINE.items()},
        "days_rest": _nullable(f.days_rest),
        "league_def_rating": _nullable(f.league_def_rating),
        "recent": _recent(f.recent),
        "context": pa.array(list(slate.context), pa.list_(pa.float64())),
        "max_game_date_used": _dates(f.max_day),
        "data_source": pa.array(["box_scores"] * len(f.values), pa.string()),
    }


def _recent(recent: np.ndarray) -> pa.Array:
    """Return the past games of each row as one flat list, without games that have a missing value."""
    complete = ~np.isnan(recent).any(axis=-1)
    return pa.array(
        [games[keep].reshape(-1) for games, keep in zip(recent, complete, strict=True)],
        pa.list_(pa.float64()),
    )


def _dates(days: np.ndarray) -> pa.Array:
    return pc.cast(pa.array(days.astype(np.int32), mask=days < 0), pa.date32())


def _cache_columns(slate: Slate) -> dict[str, pa.Array]:
    def feature(name: str) -> pa.Array:
        return _nullable(slate.features.values[:, INDEX[name]])

    return {
        "cache_date": pc.cast(pa.array(slate.targets.day.astype(np.int32)), pa.date32()),
        "points_avg_last_5": feature("points_avg_last_5"),
        "points_avg_last_10": feature("points_avg_last_10"),
        "points_avg_season": feature("points_avg_season"),
        "points_std_last_10": feature("points_std_last_10"),
        "minutes_avg_last_10": feature("minutes_avg_last_10"),
        "games_in_last_7_days": pc.cast(feature("games_in_last_7_days"), pa.int64()),
        "team_pace_last_10": feature("team_pace"),
        "team_off_rating_last_10": feature("team_off_rating"),
        "max_game_date_used": _dates(slate.features.max_day),
    }


def _context_columns(slate: Slate) -> dict[str, pa.Array]:
    f, t, c = slate.features, slate.targets, slate.candidates
    back_to_back = f.values[:, INDEX["back_to_back"]]
    return {
        "home_game": pa.array(t.is_home),
        "expected": pa.array([x.expected for x in c], pa.bool_()),
        "roster_reason": pa.array([x.reason for x in c], pa.string()),
        "avg_minutes_last_14_days": pa.array([x.minutes for x in c], pa.float64()),
        "back_to_back": pa.array(back_to_back == 1.0, mask=np.isnan(back_to_back)),
        "days_rest": _nullable(f.days_rest),
        "has_prop_line": pa.array(slate.quote >= 0),
        "current_points_line": _nullable(t.line),
        "opening_points_line": _nullable(t.opening),
        "player_status": pa.array([s or None for s in slate.status], pa.string()),
    }
