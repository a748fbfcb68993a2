SELECT *
FROM nba_predictions.prediction_accuracy
WHERE game_date BETWEEN @first AND @last AND role = 'champion' AND is_current
ORDER BY game_date, game_id, player_lookup, player_id, system_id, counted_as
