"""All tables, in the order in which they are created."""

from __future__ import annotations

from shared.schemas import deployments, feature_store, loads, models, predictions, reference
from shared.schemas.table import Table

TABLES: tuple[Table, ...] = (
    reference.NBA_SCHEDULE,
    reference.PLAYER_GAME_SUMMARY,
    reference.PLAYER_POINTS_PROPS,
    reference.INJURY_REPORT,
    loads.LOAD_RECONCILIATION,
    reference.ROW_VERSIONS,
    reference.PLAYERS,
    reference.PLAYER_ALIASES,
    feature_store.ML_FEATURE_STORE,
    feature_store.PLAYER_DAILY_CACHE,
    feature_store.UPCOMING_PLAYER_GAME_CONTEXT,
    feature_store.FEATURE_SNAPSHOTS,
    predictions.PREDICTION_STAGING,
    predictions.PLAYER_PROP_PREDICTIONS,
    predictions.PREDICTION_RUNS,
    predictions.PREDICTION_KEY_OUTCOMES,
    predictions.PREDICTION_ACCURACY,
    predictions.DAILY_PREDICTION_SIGNALS,
    predictions.PREDICTION_REGENERATION_AUDIT,
    models.MODEL_REGISTRY,
    models.ML_EXPERIMENTS,
    models.MODEL_STATE_CHANGES,
    predictions.REJECTED_MESSAGES,
    predictions.MESSAGE_REPLAYS,
    deployments.DEPLOYMENTS,
)
