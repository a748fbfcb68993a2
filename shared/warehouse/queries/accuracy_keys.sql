SELECT game_date, game_id, player_id, system_id, model_key, counted_as, prediction_id
FROM nba_predictions.prediction_accuracy
WHERE game_date BETWEEN @first AND @last AND is_current
