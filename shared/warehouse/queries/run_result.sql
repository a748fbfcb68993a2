SELECT state, note, expected_players, predicted, skipped, failed, rows_activated, rows_superseded
FROM nba_predictions.prediction_runs
WHERE game_date = @game_date AND run_id = @run_id
