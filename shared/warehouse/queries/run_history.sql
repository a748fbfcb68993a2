SELECT 'superseded' AS what, run_id AS other_run, superseded_reason AS reason, COUNT(*) AS row_count,
  MAX(superseded_at) AS happened_at
FROM nba_predictions.player_prop_predictions
WHERE game_date = @game_date AND superseded_by = @run_id AND run_id != @run_id
GROUP BY run_id, superseded_reason
UNION ALL
SELECT 'superseded_by', superseded_by, superseded_reason, COUNT(*), MAX(superseded_at)
FROM nba_predictions.player_prop_predictions
WHERE game_date = @game_date AND run_id = @run_id AND superseded_by IS NOT NULL
GROUP BY superseded_by, superseded_reason
UNION ALL
SELECT 'activated', run_id, NULL, COUNT(*), MAX(activated_at)
FROM nba_predictions.player_prop_predictions
WHERE game_date = @game_date AND run_id = @run_id
GROUP BY run_id
ORDER BY what, happened_at, other_run, reason
