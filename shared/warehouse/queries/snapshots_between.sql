SELECT game_date, snapshot_id, mode, as_of, rows_built, created_at, findings
FROM nba_predictions.feature_snapshots
WHERE game_date BETWEEN @first AND @last AND mode = @mode AND invalidated_at IS NULL
QUALIFY ROW_NUMBER() OVER (PARTITION BY game_date ORDER BY created_at DESC, snapshot_id DESC) = 1
ORDER BY game_date
