SELECT k.system_id, k.run_id, COUNT(*) AS row_count, MIN(k.reason) AS reason
FROM nba_predictions.prediction_key_outcomes AS k
JOIN nba_predictions.prediction_runs AS r
  ON r.game_date = @game_date AND r.run_id = k.run_id
LEFT JOIN (
  SELECT p.system_id, MAX(p.created_at) AS newest
  FROM nba_predictions.player_prop_predictions AS p
  WHERE p.game_date = @game_date AND p.is_active
  GROUP BY p.system_id
) AS a
  ON a.system_id = k.system_id
WHERE k.game_date = @game_date AND STARTS_WITH(k.reason, @mark)
  AND (a.newest IS NULL OR a.newest <= r.closed_at)
GROUP BY k.system_id, k.run_id, r.closed_at
QUALIFY ROW_NUMBER() OVER (PARTITION BY k.system_id ORDER BY r.closed_at DESC, k.run_id) = 1
ORDER BY k.system_id
