SELECT p.*, g.game_start_utc
FROM nba_predictions.player_prop_predictions AS p
LEFT JOIN nba_reference.nba_schedule AS g
  ON g.game_date BETWEEN @first AND @last AND g.game_date = p.game_date AND g.game_id = p.game_id
WHERE p.game_date BETWEEN @first AND @last AND p.prediction_id = @prediction_id
