SELECT game_date, snapshot_id, mode
FROM nba_predictions.feature_snapshots
WHERE game_date BETWEEN @first AND @last AND invalidated_at IS NULL
ORDER BY game_date DESC, created_at DESC
LIMIT 1
