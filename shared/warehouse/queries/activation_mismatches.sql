SELECT s.run_id, s.player_lookup
FROM nba_predictions.prediction_staging AS s
JOIN nba_predictions.prediction_key_outcomes AS k
  ON k.game_date BETWEEN @first AND @last AND k.game_date = s.game_date AND k.run_id = s.run_id
  AND k.outcome = 'predicted' AND k.game_id = s.game_id AND k.player_id = s.player_id
  AND k.system_id = s.system_id
LEFT JOIN nba_predictions.ml_feature_store_v2 AS f
  ON f.game_date BETWEEN @first AND @last AND f.game_date = s.game_date
  AND f.snapshot_id = s.feature_snapshot_id
  AND f.player_id = s.player_id
WHERE s.game_date BETWEEN @first AND @last AND s.run_id IN (SELECT r FROM UNNEST(@run_ids) AS r)
  AND (f.feature_hash IS NULL OR f.feature_hash != s.feature_hash)
GROUP BY s.run_id, s.player_lookup, s.player_id
ORDER BY s.run_id, s.player_lookup, s.player_id
