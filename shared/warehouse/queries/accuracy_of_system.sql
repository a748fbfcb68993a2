SELECT a.game_date, a.counted_as, a.model_key, a.recommendation, a.outcome, a.line_value, a.line_margin,
  a.actual_points, a.signed_error, a.prob_over, s.daily_signal
FROM nba_predictions.prediction_accuracy AS a
LEFT JOIN nba_predictions.daily_prediction_signals AS s
  ON s.game_date BETWEEN @first AND @last AND s.game_date = a.game_date AND s.system_id = a.system_id
WHERE a.game_date BETWEEN @first AND @last AND a.system_id = @system_id
  AND a.is_current AND NOT a.is_voided
ORDER BY a.game_date, a.game_id, a.player_lookup, a.player_id
