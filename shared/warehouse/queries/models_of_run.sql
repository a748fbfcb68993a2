SELECT DISTINCT system_id, model_sha256
FROM nba_predictions.player_prop_predictions
WHERE game_date = @game_date AND run_id = @run_id AND role = @role AND model_sha256 IS NOT NULL
ORDER BY system_id
