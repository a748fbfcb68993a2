SELECT a.game_date, a.predicted_points, a.actual_points, a.line_value, a.recommendation,
  b.predicted_points AS champion_points
FROM nba_predictions.prediction_accuracy AS a
JOIN nba_predictions.prediction_accuracy AS b
  ON b.game_date BETWEEN @first AND @last AND b.game_date = a.game_date AND b.game_id = a.game_id
  AND COALESCE(b.player_id = a.player_id, b.player_lookup = a.player_lookup) AND b.system_id = a.system_id AND b.is_current
  AND b.model_key = @b AND b.counted_as IN ('LIVE', 'SHADOW')
WHERE a.game_date BETWEEN @first AND @last AND a.system_id = @system_id AND a.model_key = @a
  AND a.is_current AND NOT a.is_voided AND a.counted_as IN ('LIVE', 'SHADOW')
ORDER BY a.game_date, a.game_id, a.player_lookup, a.player_id
