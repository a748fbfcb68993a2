UPDATE nba_predictions.feature_snapshots
SET invalidated_at = @now, invalidated_reason = @reason
WHERE game_date BETWEEN @first AND @last AND invalidated_at IS NULL
