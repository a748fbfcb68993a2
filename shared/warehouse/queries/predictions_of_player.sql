SELECT p.game_date, p.game_id, p.player_lookup, p.system_id, p.prediction_id, p.team_abbr, p.opponent_team_abbr,
  p.current_points_line, p.sportsbook, p.predicted_points, p.line_margin, p.recommendation, p.prob_over,
  p.prediction_run_mode, a.outcome, a.void_reason, t.prediction_id AS tipoff_prediction_id,
  t.predicted_points AS tipoff_points
FROM nba_predictions.player_prop_predictions AS p
LEFT JOIN nba_predictions.prediction_accuracy AS a
  ON a.game_date BETWEEN @first AND @last AND a.prediction_id = p.prediction_id AND a.is_current
LEFT JOIN (
  SELECT l.game_id, l.system_id, l.prediction_id, l.predicted_points
  FROM nba_predictions.player_prop_predictions AS l
  JOIN nba_reference.nba_schedule AS g
    ON g.game_date BETWEEN @first AND @last AND g.game_date = l.game_date AND g.game_id = l.game_id
  WHERE l.game_date BETWEEN @first AND @last AND l.player_id = @player_id AND l.role = 'champion'
    AND l.prediction_run_mode = 'LIVE' AND NOT l.is_active AND l.activated_at < g.game_start_utc
    AND l.superseded_at >= g.game_start_utc
) AS t ON t.game_id = p.game_id AND t.system_id = p.system_id
WHERE p.game_date BETWEEN @first AND @last AND p.player_id = @player_id AND p.is_active
ORDER BY p.game_date DESC, p.game_id DESC, p.system_id
