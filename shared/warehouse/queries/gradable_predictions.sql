SELECT p.game_date, p.game_id, p.player_lookup, p.system_id, p.model_sha256, p.prediction_id, p.role,
  p.prediction_run_mode, p.predicted_points, p.confidence_score, p.recommendation, p.current_points_line,
  g.game_status, b.points, b.minutes_played, b.is_dnp, b.dnp_reason
FROM nba_predictions.player_prop_predictions AS p
JOIN nba_reference.nba_schedule AS g
  ON g.game_date = p.game_date AND g.game_date BETWEEN @first AND @last AND g.game_id = p.game_id
LEFT JOIN nba_analytics.player_game_summary AS b
  ON b.game_date BETWEEN @first AND @last AND b.game_id = p.game_id AND b.player_lookup = p.player_lookup
WHERE p.game_date BETWEEN @first AND @last AND (p.is_active OR p.role = 'shadow')
ORDER BY p.game_date, p.game_id, p.player_lookup, p.system_id
