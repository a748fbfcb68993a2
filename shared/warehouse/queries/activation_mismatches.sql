SELECT s.player_lookup
FROM nba_predictions.prediction_staging s
LEFT JOIN nba_predictions.ml_feature_store_v2 f
  ON f.game_date = @game_date AND f.snapshot_id = s.feature_snapshot_id AND f.player_lookup = s.player_lookup
WHERE s.game_date = @game_date AND s.run_id = @run_id
  AND (f.feature_hash IS NULL OR f.feature_hash != s.feature_hash)
GROUP BY s.player_lookup
ORDER BY s.player_lookup
