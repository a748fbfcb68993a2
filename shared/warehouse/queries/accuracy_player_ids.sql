UPDATE nba_predictions.prediction_accuracy AS t
SET player_id = p.player_id
FROM nba_predictions.player_prop_predictions AS p
WHERE t.game_date BETWEEN @first AND @last AND p.game_date BETWEEN @first AND @last
  AND t.game_date = p.game_date AND t.prediction_id = p.prediction_id
  AND t.player_id IS NULL AND p.player_id IS NOT NULL AND t.is_current
