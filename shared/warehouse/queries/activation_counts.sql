SELECT COUNT(CASE WHEN run_id = @run_id THEN 1 END) AS activated,
  COUNT(CASE WHEN superseded_by = @run_id AND run_id != @run_id THEN 1 END) AS superseded
FROM nba_predictions.player_prop_predictions
WHERE game_date = @game_date AND (run_id = @run_id OR superseded_by = @run_id)
