SELECT *
FROM nba_predictions.model_registry
ORDER BY training_end_date DESC, created_at DESC, model_id
