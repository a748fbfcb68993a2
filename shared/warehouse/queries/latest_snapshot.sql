SELECT snapshot_id, mode, as_of, rows_built
FROM nba_predictions.feature_snapshots
WHERE game_date = @game_date AND mode = @mode AND invalidated_at IS NULL
ORDER BY created_at DESC, snapshot_id DESC
LIMIT 1
