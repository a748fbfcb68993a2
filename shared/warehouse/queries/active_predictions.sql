SELECT p.*, g.player_name
FROM nba_predictions.player_prop_predictions AS p
LEFT JOIN (
  SELECT player_id, MAX_BY(player_name, game_date) AS player_name
  FROM nba_analytics.player_game_summary
  WHERE game_date <= @game_date
  GROUP BY player_id
) AS g ON g.player_id = p.player_id
WHERE p.game_date = @game_date AND p.is_active
ORDER BY p.game_id, p.player_lookup, p.player_id, p.system_id
