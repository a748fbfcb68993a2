"""The feature store and the two tables of context that are written with it."""

from __future__ import annotations

from shared.domain.features.contract import FEATURES
from shared.schemas.table import Column, Table, repeated, required

_FEATURE_COLUMNS = tuple(
    column
    for i, name in enumerate(FEATURES)
    for column in (
        Column(f"feature_{i}_value", "FLOAT64", f"{name}; NULL where missing"),
        Column(f"feature_{i}_source", "STRING", f"provenance of {name}: exact, approximated, missing"),
    )
)

ML_FEATURE_STORE = Table(
    "nba_predictions.ml_feature_store_v2",
    "MLFS: the features of a player-game as of an instant; a build adds a snapshot, earlier ones stay",
    (
        required("snapshot_id", "STRING", "one build of one game date"),
        required("game_date", "DATE", "US Eastern date"),
        required("game_id", "STRING", "YYYYMMDD_AWAY_HOME"),
        required("player_lookup", "STRING", "normalised name without separators"),
        required("player_id", "INT64", "NBA.com player id"),
        required("team_abbr", "STRING", "the player's team"),
        required("opponent_team_abbr", "STRING", "the other team"),
        required("as_of", "TIMESTAMP", "only information from before this instant was used"),
        required("feature_version", "STRING", "the contract the values follow"),
        required("feature_quality_score", "FLOAT64", "0-100"),
        required("feature_hash", "STRING", "hash of the 33 values and the context, bit for bit"),
        *_FEATURE_COLUMNS,
        Column("line_quote_id", "STRING", "the quote behind feature 25"),
        Column("line_value", "FLOAT64", "points"),
        Column("line_book", "STRING", "bookmaker of that quote"),
        Column("line_over_price", "INT64", "American odds"),
        Column("line_under_price", "INT64", "American odds"),
        Column("line_captured_at", "TIMESTAMP", "NULL if only the day is available"),
        Column("line_precision", "STRING", "quote, requested or date"),
        Column("days_rest", "FLOAT64", "days between the player's last game and this one"),
        Column("league_def_rating", "FLOAT64", "league mean of team defensive ratings, points per 100"),
        repeated(
            "zone_shares", "FLOAT64", "shares 0-1: paint, mid-range, three, free throw; empty = unknown"
        ),
        repeated("recent", "FLOAT64", "past games, newest first, five numbers each (see RECENT_FIELDS)"),
        repeated(
            "context",
            "FLOAT64",
            "further inputs of a forecast without a line, in the order of CONTEXT; NaN where missing; "
            "empty in rows built before there were any",
        ),
        Column("max_game_date_used", "DATE", "date of the latest box score used; before game_date"),
        required("data_source", "STRING", "builder of the row"),
        required("created_at", "TIMESTAMP", "when the row was built"),
    ),
    key=("game_date", "snapshot_id", "player_id"),
    cluster=("player_lookup",),
)

PLAYER_DAILY_CACHE = Table(
    "nba_precompute.player_daily_cache",
    "Aggregates of a player over games before cache_date only",
    (
        required("snapshot_id", "STRING", "the feature build it belongs to"),
        required("cache_date", "DATE", "holds games with an earlier date only"),
        required("player_lookup", "STRING", "normalised name without separators"),
        Column("points_avg_last_5", "FLOAT64", "points"),
        Column("points_avg_last_10", "FLOAT64", "points"),
        Column("points_avg_season", "FLOAT64", "points"),
        Column("points_std_last_10", "FLOAT64", "points, sample standard deviation"),
        Column("minutes_avg_last_10", "FLOAT64", "minutes"),
        Column("games_in_last_7_days", "INT64", "games"),
        Column("team_pace_last_10", "FLOAT64", "possessions per 48 minutes"),
        Column("team_off_rating_last_10", "FLOAT64", "points per 100 possessions"),
        Column("max_game_date_used", "DATE", "before cache_date"),
        required("created_at", "TIMESTAMP", "when the row was built"),
        Column("player_id", "INT64", "NBA.com player id; NULL in rows of release 0.1.0"),
    ),
    key=("cache_date", "snapshot_id", "player_id"),
    partition="cache_date",
    cluster=("player_lookup",),
)

UPCOMING_PLAYER_GAME_CONTEXT = Table(
    "nba_analytics.upcoming_player_game_context",
    "The expected roster of a game date, from information before tip-off",
    (
        required("snapshot_id", "STRING", "the feature build it belongs to"),
        required("player_lookup", "STRING", "normalised name without separators"),
        required("player_id", "INT64", "NBA.com player id"),
        required("game_id", "STRING", "YYYYMMDD_AWAY_HOME"),
        required("game_date", "DATE", "US Eastern date"),
        required("team_abbr", "STRING", "the player's team"),
        required("opponent_team_abbr", "STRING", "the other team"),
        required("home_game", "BOOL", "whether the player's team is at home"),
        required("expected", "BOOL", "on the slate roster"),
        required("roster_reason", "STRING", "minutes, line, or why the player is not expected"),
        Column("avg_minutes_last_14_days", "FLOAT64", "minutes per team game"),
        Column("back_to_back", "BOOL", "played the day before"),
        Column("days_rest", "FLOAT64", "days between the last game and this one"),
        required("has_prop_line", "BOOL", "a usable line was available at as_of"),
        Column("current_points_line", "FLOAT64", "points"),
        Column("opening_points_line", "FLOAT64", "points"),
        Column("player_status", "STRING", "latest injury status as of the build; NULL where no report"),
        required("as_of", "TIMESTAMP", "only information from before this instant was used"),
        required("created_at", "TIMESTAMP", "when the row was built"),
    ),
    key=("game_date", "snapshot_id", "player_id"),
    cluster=("player_lookup",),
)

FEATURE_SNAPSHOTS = Table(
    "nba_predictions.feature_snapshots",
    "One row per finished feature build: a snapshot without its row here was never completed",
    (
        required("snapshot_id", "STRING", "one build of one game date"),
        required("game_date", "DATE", "US Eastern date"),
        required("as_of", "TIMESTAMP", "the clock at the build"),
        required("mode", "STRING", "live or backfill"),
        required("rows_built", "INT64", "player-games in the snapshot"),
        required("created_at", "TIMESTAMP", "real time of the build"),
        Column("expected_players", "INT64", "players on the slate roster at the build"),
        Column("findings", "STRING", "findings of the batch checks that the operator accepted"),
        Column("invalidated_at", "TIMESTAMP", "when it was found to be wrong; not served, not learnt from"),
        Column("invalidated_reason", "STRING", "why"),
    ),
    key=("game_date", "snapshot_id"),
)
