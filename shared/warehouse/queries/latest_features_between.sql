SELECT f.* EXCEPT (recent, zone_shares)
FROM nba_predictions.ml_feature_store_v2 AS f
JOIN (
  SELECT game_date, snapshot_id
  FROM nba_predictions.feature_snapshots
  WHERE game_date BETWEEN @first AND @last AND (@mode = 'ANY' OR mode = @mode)
    AND invalidated_at IS NULL
  QUALIFY ROW_NUMBER() OVER (PARTITION BY game_date ORDER BY created_at DESC, snapshot_id DESC) = 1
) AS s ON s.game_date = f.game_date AND s.snapshot_id = f.snapshot_id
WHERE f.game_date BETWEEN @first AND @last
ORDER BY f.game_date, f.player_lookup, f.player_id
