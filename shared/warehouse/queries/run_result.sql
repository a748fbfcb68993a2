SELECT run_id, game_date, state, note, expected_players, predicted, skipped, failed, rows_activated,
  rows_superseded
FROM nba_predictions.prediction_runs
WHERE game_date BETWEEN @first AND @last AND run_id IN (SELECT r FROM UNNEST(@run_ids) AS r)
