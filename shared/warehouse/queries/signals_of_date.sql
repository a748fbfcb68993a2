SELECT *
FROM nba_predictions.daily_prediction_signals
WHERE game_date = @game_date
ORDER BY system_id
