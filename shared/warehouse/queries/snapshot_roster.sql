SELECT game_date, player_lookup, player_id, game_id, team_abbr, opponent_team_abbr, expected, roster_reason,
  avg_minutes_last_14_days, has_prop_line
FROM nba_analytics.upcoming_player_game_context
WHERE game_date BETWEEN @first AND @last AND snapshot_id IN (SELECT s FROM UNNEST(@snapshots) AS s)
ORDER BY game_date, player_lookup, player_id
