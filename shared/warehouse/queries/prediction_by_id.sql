SELECT p.*, g.game_start_utc, a.outcome, a.actual_points
FROM nba_predictions.player_prop_predictions AS p
LEFT JOIN nba_reference.nba_schedule AS g
  ON g.game_date BETWEEN @first AND @last AND g.game_date = p.game_date AND g.game_id = p.game_id
LEFT JOIN nba_predictions.prediction_accuracy AS a
  ON a.game_date BETWEEN @first AND @last AND a.prediction_id = p.prediction_id AND a.is_current
WHERE p.game_date BETWEEN @first AND @last AND p.prediction_id = @prediction_id
