SELECT player_id, MAX(player_name) AS player_name, MAX_BY(team_abbr, game_date) AS team_abbr,
  MAX(game_date) AS last_game
FROM (
  SELECT player_id, player_name, team_abbr, game_date
  FROM nba_analytics.player_game_summary
  WHERE game_date BETWEEN @first AND @last AND player_lookup = @player_lookup
  UNION ALL
  SELECT player_id, CAST(NULL AS STRING) AS player_name, team_abbr, game_date
  FROM nba_predictions.player_prop_predictions
  WHERE game_date BETWEEN @first AND @last AND player_lookup = @player_lookup AND is_active
    AND player_id IS NOT NULL
) AS s
GROUP BY player_id
ORDER BY last_game DESC, player_id
