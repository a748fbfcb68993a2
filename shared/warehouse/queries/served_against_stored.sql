SELECT COUNT(*) AS served,
  COUNT(CASE WHEN f.feature_hash IS NULL OR f.feature_hash != p.feature_hash THEN 1 END) AS different
FROM nba_predictions.player_prop_predictions AS p
LEFT JOIN nba_predictions.ml_feature_store_v2 AS f
  ON f.game_date = @game_date AND f.snapshot_id = p.feature_snapshot_id AND f.player_id = p.player_id
WHERE p.game_date = @game_date AND p.is_active
