SELECT system_id, COUNT(*) AS predictions, MAX(created_at) AS last_created,
  COUNT(DISTINCT model_sha256) AS models, MAX(model_sha256) AS model_sha256, MAX(model_id) AS model_id
FROM nba_predictions.player_prop_predictions
WHERE game_date = @game_date AND is_active
GROUP BY system_id
ORDER BY system_id
