SELECT p.*, n.player_name
FROM nba_predictions.player_prop_predictions AS p
JOIN nba_reference.nba_schedule AS g
  ON g.game_date = @game_date AND g.game_date = p.game_date AND g.game_id = p.game_id
LEFT JOIN (
  SELECT player_id, MAX_BY(player_name, game_date) AS player_name
  FROM nba_analytics.player_game_summary
  WHERE game_date <= @game_date
  GROUP BY player_id
) AS n ON n.player_id = p.player_id
WHERE p.game_date = @game_date AND p.role = 'champion' AND p.prediction_run_mode = 'LIVE'
  AND g.game_start_utc <= @now AND p.activated_at < g.game_start_utc
  AND (p.superseded_at IS NULL OR p.superseded_at >= g.game_start_utc)
ORDER BY p.game_id, p.player_lookup, p.player_id, p.system_id
