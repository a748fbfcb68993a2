"""Predictions, staged and active, and how each ended."""

from __future__ import annotations

from shared.schemas.table import Column, Table, required

_PREDICTION = (
    required("prediction_id", "STRING", "hash of run, game, player, system and model"),
    required("run_id", "STRING", "the run that made it"),
    required("system_id", "STRING", "the prediction system"),
    required("role", "STRING", "champion or shadow"),
    required("player_lookup", "STRING", "normalised name without separators"),
    Column("player_id", "INT64", "NBA.com player id"),
    required("game_date", "DATE", "US Eastern date"),
    required("game_id", "STRING", "YYYYMMDD_AWAY_HOME"),
    required("team_abbr", "STRING", "the player's team"),
    required("opponent_team_abbr", "STRING", "the other team"),
    required("raw_prediction", "FLOAT64", "points, unrounded, 0-60"),
    required("predicted_points", "FLOAT64", "points, one decimal, 0-60"),
    required("confidence_score", "FLOAT64", "0-100"),
    required("recommendation", "STRING", "OVER, UNDER, PASS or NO_LINE"),
    required("has_prop_line", "BOOL", "a line stood at the as-of"),
    Column("current_points_line", "FLOAT64", "the line the system saw, points"),
    Column("line_margin", "FLOAT64", "edge: predicted_points - line, points"),
    Column("line_quote_id", "STRING", "the quote behind the line"),
    Column("sportsbook", "STRING", "bookmaker of the line"),
    Column("line_over_price", "INT64", "American odds"),
    Column("line_under_price", "INT64", "American odds"),
    Column("line_captured_at", "TIMESTAMP", "NULL where only the day is known"),
    Column("line_precision", "STRING", "quote, requested or date"),
    Column("model_id", "STRING", "bundle name; NULL for formulas"),
    Column("model_sha256", "STRING", "of the model file; NULL for formulas"),
    required("feature_version", "STRING", "the feature contract"),
    required("feature_snapshot_id", "STRING", "the snapshot the features came from"),
    required("feature_hash", "STRING", "hash of the 33 served values, bit for bit"),
    required("feature_quality_score", "FLOAT64", "0-100"),
    Column("missing_inputs", "STRING", "adjustments left out because their input is missing"),
    required("prediction_run_mode", "STRING", "LIVE or BACKFILL"),
    required("prediction_made_before_game", "BOOL", "made before tip-off"),
    required("as_of", "TIMESTAMP", "nothing known at or after this instant was used"),
    required("predicted_at", "TIMESTAMP", "the product's clock at prediction"),
    Column("build_commit", "STRING", "commit of the code that ran"),
)

PREDICTION_STAGING = Table(
    "nba_predictions",
    "prediction_staging",
    "What workers append; redelivery may repeat a prediction_id, activation removes repeats",
    (*_PREDICTION, required("created_at", "TIMESTAMP", "when it was staged")),
    key=("game_date", "run_id", "prediction_id"),
    cluster=("run_id",),
)

PLAYER_PROP_PREDICTIONS = Table(
    "nba_predictions",
    "player_prop_predictions",
    "One row per prediction; at most one active per (game_id, player_lookup, system_id)",
    (
        *_PREDICTION,
        required("created_at", "TIMESTAMP", "when it was staged"),
        required("activated_at", "TIMESTAMP", "when the run ended"),
        required("is_active", "BOOL", "the row to use"),
        Column("superseded_by", "STRING", "the run that replaced it"),
        Column("superseded_at", "TIMESTAMP", "when"),
        Column("superseded_reason", "STRING", "why"),
    ),
    key=("game_date", "prediction_id"),
    cluster=("system_id", "player_lookup"),
)

PREDICTION_RUNS = Table(
    "nba_predictions",
    "prediction_runs",
    "One row per finished run",
    (
        required("run_id", "STRING", "the run"),
        required("game_date", "DATE", "US Eastern date"),
        required("state", "STRING", "COMPLETE, PARTIAL or FAILED"),
        required("mode", "STRING", "LIVE or BACKFILL"),
        required("force", "BOOL", "whether it owned keys that were already active"),
        required("expected_players", "INT64", "players"),
        required("predicted", "INT64", "players"),
        required("skipped", "INT64", "players"),
        required("failed", "INT64", "players"),
        required("rows_activated", "INT64", "rows"),
        required("rows_superseded", "INT64", "rows"),
        Column("note", "STRING", "a sentence on how it ended"),
        required("opened_at", "TIMESTAMP", "real time"),
        required("closed_at", "TIMESTAMP", "real time"),
    ),
    key=("game_date", "run_id"),
)

PREDICTION_KEY_OUTCOMES = Table(
    "nba_predictions",
    "prediction_key_outcomes",
    "How each (player, system) of a run ended; written before activation, which reads it",
    (
        required("run_id", "STRING", "the run"),
        required("game_date", "DATE", "US Eastern date"),
        required("game_id", "STRING", "YYYYMMDD_AWAY_HOME"),
        required("player_lookup", "STRING", "normalised name without separators"),
        required("system_id", "STRING", "the prediction system"),
        required("outcome", "STRING", "predicted, skipped or failed"),
        Column("reason", "STRING", "why nothing was predicted"),
    ),
    key=("game_date", "run_id", "player_lookup", "system_id"),
    cluster=("run_id",),
)

PREDICTION_ACCURACY = Table(
    "nba_predictions",
    "prediction_accuracy",
    "How each prediction ended; one row per key",
    (
        required("game_date", "DATE", "US Eastern date"),
        required("game_id", "STRING", "YYYYMMDD_AWAY_HOME"),
        required("player_lookup", "STRING", "normalised name without separators"),
        required("system_id", "STRING", "the prediction system"),
        required("model_key", "STRING", "model_sha256, or 'formula'"),
        required("prediction_id", "STRING", "the row that was graded"),
        required("role", "STRING", "champion or shadow"),
        required("prediction_run_mode", "STRING", "LIVE or BACKFILL"),
        required("predicted_points", "FLOAT64", "points"),
        required("confidence_score", "FLOAT64", "0-100"),
        required("recommendation", "STRING", "OVER, UNDER, PASS or NO_LINE"),
        Column("line_value", "FLOAT64", "points"),
        Column("actual_points", "INT64", "points; NULL where he did not play"),
        Column("minutes_played", "FLOAT64", "minutes"),
        Column("absolute_error", "FLOAT64", "points; NULL where void"),
        Column("signed_error", "FLOAT64", "predicted - actual, points; NULL where void"),
        required("outcome", "STRING", "HIT, MISS, PUSH, VOID, PASS or NO_LINE"),
        Column("prediction_correct", "BOOL", "NULL unless HIT or MISS"),
        required("is_voided", "BOOL", "the player did not play"),
        Column("void_reason", "STRING", "why, where the box score says"),
        required("graded_at", "TIMESTAMP", "when"),
    ),
    key=("game_date", "game_id", "player_lookup", "system_id", "model_key"),
    cluster=("system_id", "player_lookup"),
)

REJECTED_MESSAGES = Table(
    "nba_predictions",
    "rejected_messages",
    "Messages that can never succeed, kept as they came",
    (
        required("rejected_date", "DATE", "UTC date"),
        required("rejected_at", "TIMESTAMP", "when"),
        required("service", "STRING", "who refused it"),
        Column("message_id", "STRING", "the broker's id, where it could be read"),
        required("reason", "STRING", "what came and what was wanted"),
        required("body", "STRING", "the body, up to 64 KiB"),
        required("body_bytes", "INT64", "its whole length"),
    ),
    key=("rejected_date", "message_id", "rejected_at"),
    partition="rejected_date",
)
