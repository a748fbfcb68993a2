"""Source tables and requirements of each feature, which explain a missing one."""

from __future__ import annotations

from dataclasses import dataclass

BOX_SCORES = "nba_analytics.player_game_summary"
SCHEDULE = "nba_reference.nba_schedule"
QUOTES = "nba_raw.odds_api_player_points_props"
INJURIES = "nba_raw.nbac_injury_report"


@dataclass(frozen=True)
class Lineage:
    """The tables that a feature is computed from, and the rows that it needs in them."""

    tables: tuple[str, ...]
    needs: str


_PLAYER = (BOX_SCORES, SCHEDULE)
_ANY_GAME = Lineage(_PLAYER, "a game of the player in the last three years")
_TEAM = Lineage(_PLAYER, "box scores of the team's last games")
_OPPONENT = Lineage(_PLAYER, "box scores of the opponent's last games")
_LOCATED = Lineage((BOX_SCORES,), "shot locations in the box scores of the player's last ten games")
_SLATE = Lineage((SCHEDULE,), "the game in the schedule")
_QUOTE = Lineage((QUOTES,), "a two-sided main quote captured before the as-of")
_MONTH = Lineage(_PLAYER, "a game of the player in the last 30 days")

LINEAGE: dict[str, Lineage] = {
    "points_avg_last_5": _ANY_GAME,
    "points_avg_last_10": _ANY_GAME,
    "points_avg_season": Lineage(_PLAYER, "a game of the player this season"),
    "points_std_last_10": Lineage(_PLAYER, "two games of the player in the last three years"),
    "games_in_last_7_days": _ANY_GAME,
    "fatigue_score": _ANY_GAME,
    "shot_zone_mismatch_score": Lineage(
        (BOX_SCORES,), "shot locations of the player and of what the opponent allowed"
    ),
    "pace_score": Lineage(_PLAYER, "box scores of both teams' last ten games"),
    "usage_spike_score": Lineage(_PLAYER, "ten games of the player with minutes"),
    "rest_advantage": Lineage(_PLAYER, "an earlier game of both teams"),
    "injury_risk": Lineage((INJURIES,), "an injury report for the game date, published before the as-of"),
    "recent_trend": Lineage(_PLAYER, "five games of the player"),
    "minutes_change": Lineage(_PLAYER, "a game of the player this season"),
    "opponent_def_rating": _OPPONENT,
    "opponent_pace": _OPPONENT,
    "home_away": _SLATE,
    "back_to_back": _ANY_GAME,
    "playoff_game": _SLATE,
    "pct_paint": _LOCATED,
    "pct_mid_range": _LOCATED,
    "pct_three": Lineage((BOX_SCORES,), "a field goal attempt in the player's last ten games"),
    "pct_free_throw": Lineage((BOX_SCORES,), "five games of the player and a point in the last ten"),
    "team_pace": _TEAM,
    "team_off_rating": _TEAM,
    "team_win_pct": Lineage(_PLAYER, "five games of the team this season"),
    "vegas_points_line": _QUOTE,
    "vegas_opening_line": _QUOTE,
    "vegas_line_move": _QUOTE,
    "has_vegas_line": _SLATE,
    "avg_points_vs_opponent": Lineage(
        _PLAYER, "a game of the player against this opponent in the last three years"
    ),
    "games_vs_opponent": _ANY_GAME,
    "minutes_avg_last_10": _MONTH,
    "ppm_avg_last_10": _MONTH,
}
