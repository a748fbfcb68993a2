SELECT *
FROM nba_predictions.prediction_accuracy
WHERE game_date BETWEEN @first AND @last AND role = 'champion' AND is_current
ORDER BY game_date, game_id, player_lookup, system_id, counted_as
