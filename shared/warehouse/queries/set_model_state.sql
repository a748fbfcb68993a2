UPDATE nba_predictions.model_registry
SET state = @state, state_changed_at = @now, state_reason = @reason
WHERE model_id = @model_id
