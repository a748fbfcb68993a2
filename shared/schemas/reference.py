"""Tables of external data: schedule, box scores, quotes, injury reports, players and their aliases."""

from __future__ import annotations

from shared.schemas.table import Column, Table, required

_PRICE = "American odds; NULL on a one-sided quote, and where a pick'em site states none"

NBA_SCHEDULE = Table(
    "nba_reference.nba_schedule",
    "One row per game; game_date is the US Eastern date of the slate",
    (
        required("game_id", "STRING", "YYYYMMDD_AWAY_HOME"),
        Column("nba_game_id", "STRING", "10-digit id of the source; NULL once the game was moved"),
        required("game_date", "DATE", "US Eastern date"),
        required("season", "STRING", "for example 2024-25"),
        required(
            "season_type",
            "STRING",
            "Regular Season, Play-In, Playoffs, NBA Cup Final, Pre Season or All-Star",
        ),
        Column("game_start_utc", "TIMESTAMP", "scheduled tip-off; NULL where unknown"),
        required("home_team_tricode", "STRING", "three letters"),
        required("away_team_tricode", "STRING", "three letters"),
        Column("home_team_score", "INT64", "final points; NULL until final"),
        Column("away_team_score", "INT64", "final points; NULL until final"),
        Column(
            "game_status", "INT64", "1 scheduled, 2 in progress, 3 final, 4 moved; NULL until first refreshed"
        ),
        Column("source", "STRING", "where the row came from"),
        Column("box_score_whole_at", "TIMESTAMP", "when the box score was first found complete; NULL before"),
        Column("moved_to", "STRING", "game_id of the moved game; NULL unless it was moved"),
        Column("moved_at", "TIMESTAMP", "when the move was loaded"),
    ),
    key=("game_date", "game_id"),
    cluster=("game_id",),
)

PLAYER_GAME_SUMMARY = Table(
    "nba_analytics.player_game_summary",
    "One row per player and game, written after the game: never an input for that game",
    (
        required("player_lookup", "STRING", "normalised name without separators"),
        required("player_id", "INT64", "NBA.com player id; negative, made of the name, where it is unknown"),
        required("player_name", "STRING", "name as the source spells it"),
        required("game_id", "STRING", "YYYYMMDD_AWAY_HOME"),
        required("game_date", "DATE", "US Eastern date"),
        required("season", "STRING", "for example 2024-25"),
        required("team_abbr", "STRING", "the player's team"),
        required("opponent_team_abbr", "STRING", "the other team"),
        required("is_home", "BOOL", "whether the player's team is at home"),
        required("is_dnp", "BOOL", "true if the player did not play"),
        Column("dnp_reason", "STRING", "why the player did not play; NULL if not stated"),
        Column("starter_flag", "BOOL", "a result, never an input for the game itself"),
        Column("minutes_played", "FLOAT64", "minutes, 0-70"),
        Column("points", "INT64", "points scored"),
        Column("fg_makes", "INT64", "field goals made"),
        Column("fg_attempts", "INT64", "field goals attempted"),
        Column("three_pt_makes", "INT64", "three-pointers made"),
        Column("three_pt_attempts", "INT64", "three-pointers attempted"),
        Column("ft_makes", "INT64", "free throws made"),
        Column("ft_attempts", "INT64", "free throws attempted"),
        Column("offensive_rebounds", "INT64", "count"),
        Column("defensive_rebounds", "INT64", "count"),
        Column("assists", "INT64", "count"),
        Column("steals", "INT64", "count"),
        Column("blocks", "INT64", "count"),
        Column("turnovers", "INT64", "count"),
        Column("personal_fouls", "INT64", "count"),
        Column("plus_minus", "INT64", "points"),
        Column("paint_attempts", "INT64", "field goals attempted in the paint, where located"),
        Column("paint_makes", "INT64", "field goals made in the paint, where located"),
        Column("mid_range_attempts", "INT64", "mid-range attempts, where located"),
        Column("mid_range_makes", "INT64", "mid-range makes, where located"),
        Column("usage_rate", "FLOAT64", "0-1, as the source gives it"),
        Column("off_rating", "FLOAT64", "points per 100 possessions, as the source gives it"),
        Column("def_rating", "FLOAT64", "points per 100 possessions, as the source gives it"),
        Column("birth_date", "DATE", "the player's birth date; NULL if unknown"),
        Column("source", "STRING", "where the row came from"),
    ),
    key=("game_date", "game_id", "player_id"),
    cluster=("player_lookup",),
)

PLAYER_POINTS_PROPS = Table(
    "nba_raw.odds_api_player_points_props",
    "Quotes of the player points market; a quote never changes, a new one is a new row",
    (
        required("quote_id", "STRING", "hash of everything that makes the quote"),
        required("game_date", "DATE", "US Eastern date"),
        required("game_id", "STRING", "YYYYMMDD_AWAY_HOME"),
        Column("player_id", "INT64", "NBA.com player id; NULL where the name was not matched"),
        required("player_lookup", "STRING", "normalised name without separators"),
        required("bookmaker", "STRING", "key of the book, lower case"),
        required("book_type", "STRING", "sportsbook or dfs"),
        required("points_line", "FLOAT64", "points, a multiple of 0.5"),
        Column("over_price", "INT64", _PRICE),
        Column("under_price", "INT64", _PRICE),
        required("is_main", "BOOL", "the book's main line in that snapshot, at most one"),
        Column("captured_at", "TIMESTAMP", "when the quote was valid; NULL if only the day is available"),
        required("captured_precision", "STRING", "quote, requested or date"),
        Column("source", "STRING", "where the row came from"),
        Column("withdrawn_at", "TIMESTAMP", "when a later load withdrew the quote; NULL while it counts"),
        Column("team_abbr", "STRING", "the player's team as the source says; NULL where it does not"),
        Column(
            "player_id_source", "STRING", "source, alias or name: how player_id was found; NULL without one"
        ),
    ),
    key=("game_date", "quote_id"),
    cluster=("player_lookup",),
)

INJURY_REPORT = Table(
    "nba_raw.nbac_injury_report",
    "Injury reports before games, one row per player and report",
    (
        required("game_date", "DATE", "US Eastern date of the game"),
        required("game_id", "STRING", "YYYYMMDD_AWAY_HOME"),
        required("player_id", "INT64", "NBA.com player id; negative, made of the name, where it is unknown"),
        required("player_lookup", "STRING", "normalised name without separators"),
        required("team_abbr", "STRING", "the player's team"),
        required("injury_status", "STRING", "out, doubtful, questionable, probable or available"),
        required("reported_at", "TIMESTAMP", "when the report was published"),
        Column("player_id_source", "STRING", "source, alias, name or none: how player_id was found"),
    ),
    key=("game_date", "game_id", "player_id", "reported_at"),
)

ROW_VERSIONS = Table(
    "nba_raw.row_versions",
    "Rows of loaded tables as they were before a later load changed them",
    (
        required("game_date", "DATE", "US Eastern date of the row"),
        required("table_name", "STRING", "dataset and table"),
        required("row_key", "STRING", "JSON list of the table's key columns"),
        required("replaced_at", "TIMESTAMP", "when the row was replaced"),
        required("load_id", "STRING", "the load that replaced it"),
        required("row_json", "STRING", "the whole row as JSON"),
    ),
    key=("game_date", "table_name", "row_key", "replaced_at"),
    cluster=("table_name",),
)

PLAYERS = Table(
    "nba_reference.players",
    "The league's players, as lists of players give them",
    (
        required("player_id", "INT64", "NBA.com player id"),
        required("player_name", "STRING", "name as the source spells it"),
        required("player_lookup", "STRING", "normalised name without separators"),
        Column("team_abbr", "STRING", "current team; NULL without one, or if the source gives none"),
        Column("first_season", "INT64", "year in which the first season began; NULL if unknown"),
        Column("last_season", "INT64", "year in which the newest season began; NULL if unknown"),
        Column("source", "STRING", "where the row came from"),
        required("updated_at", "TIMESTAMP", "when a load last changed the row"),
    ),
    key=("player_id",),
    partition=None,
    cluster=("player_lookup",),
    stamps=("updated_at",),
)

PLAYER_ALIASES = Table(
    "nba_reference.player_aliases",
    "Spellings and ids of sources that mean a player; none is deleted",
    (
        required("source", "STRING", "the source that uses the alias; empty: every source"),
        required("kind", "STRING", "id: alias is an id of the source; name: a spelling"),
        required("alias", "STRING", "the id as text, or the normalised spelling without separators"),
        required("player_id", "INT64", "NBA.com player id"),
        required("valid_from", "DATE", "first game date on which the alias counts"),
        Column("valid_to", "DATE", "last game date on which it counts; NULL: no end"),
        required("added_by", "STRING", "the operating system's user, or the feed"),
        required("added_at", "TIMESTAMP", "when it was stored"),
    ),
    key=("source", "kind", "alias", "valid_from"),
    partition=None,
    cluster=("alias",),
    stamps=("added_by", "added_at"),
)
