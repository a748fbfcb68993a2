SELECT p.game_date, p.game_id, p.player_lookup, p.system_id, p.prediction_id, p.team_abbr, p.opponent_team_abbr,
  p.current_points_line, p.sportsbook, p.predicted_points, p.line_margin, p.recommendation, p.prob_over,
  p.prediction_run_mode, a.outcome
FROM nba_predictions.player_prop_predictions AS p
LEFT JOIN nba_predictions.prediction_accuracy AS a
  ON a.game_date BETWEEN @first AND @last AND a.prediction_id = p.prediction_id AND a.is_current
WHERE p.game_date BETWEEN @first AND @last AND p.player_id = @player_id AND p.is_active
ORDER BY p.game_date DESC, p.game_id DESC, p.system_id
