SELECT p.game_date, COUNT(*) AS predictions
FROM nba_predictions.player_prop_predictions AS p
JOIN nba_reference.nba_schedule AS g
  ON g.game_date BETWEEN @first AND @last AND g.game_date = p.game_date AND g.game_id = p.game_id
WHERE p.game_date BETWEEN @first AND @last AND p.role = 'champion' AND p.prediction_run_mode = 'LIVE'
  AND g.game_start_utc <= @now AND p.activated_at < g.game_start_utc
  AND (p.superseded_at IS NULL OR p.superseded_at >= g.game_start_utc)
GROUP BY p.game_date
