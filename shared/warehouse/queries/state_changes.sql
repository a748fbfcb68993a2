SELECT *
FROM nba_predictions.model_state_changes
WHERE system_id = @system_id
ORDER BY changed_at DESC, model_id
LIMIT @most
