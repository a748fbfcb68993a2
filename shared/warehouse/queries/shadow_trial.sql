SELECT s.game_date, s.predicted_points, s.actual_points, s.line_value, s.recommendation,
  c.predicted_points AS champion_points
FROM nba_predictions.prediction_accuracy AS s
LEFT JOIN nba_predictions.prediction_accuracy AS c
  ON c.game_date BETWEEN @first AND @last AND c.game_date = s.game_date AND c.game_id = s.game_id
  AND COALESCE(c.player_id = s.player_id, c.player_lookup = s.player_lookup) AND c.system_id = s.system_id
  AND c.counted_as = 'LIVE' AND c.is_current AND c.model_key = @champion_sha256
WHERE s.game_date BETWEEN @first AND @last AND s.system_id = @system_id AND s.model_key = @model_sha256
  AND s.counted_as = @counted_as AND s.is_current AND NOT s.is_voided
ORDER BY s.game_date, s.game_id, s.player_lookup, s.player_id
