SELECT p.*, g.player_name
FROM nba_predictions.player_prop_predictions AS p
LEFT JOIN (
  SELECT player_lookup, MAX(player_name) AS player_name
  FROM nba_analytics.player_game_summary
  WHERE game_date <= @game_date
  GROUP BY player_lookup
) AS g ON g.player_lookup = p.player_lookup
WHERE p.game_date = @game_date AND p.is_active
ORDER BY p.game_id, p.player_lookup, p.system_id
