SELECT s.run_id, s.system_id
FROM nba_predictions.prediction_staging AS s
JOIN nba_predictions.prediction_key_outcomes AS k
  ON k.game_date BETWEEN @first AND @last AND k.game_date = s.game_date AND k.run_id = s.run_id
  AND k.outcome = 'predicted' AND k.game_id = s.game_id AND k.player_id = s.player_id
  AND k.system_id = s.system_id
WHERE s.game_date BETWEEN @first AND @last AND s.run_id IN (SELECT r FROM UNNEST(@run_ids) AS r)
  AND s.role = 'champion'
GROUP BY s.run_id, s.system_id
HAVING COUNT(DISTINCT s.model_sha256) > 1
ORDER BY s.run_id, s.system_id
