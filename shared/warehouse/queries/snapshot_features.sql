SELECT *
FROM nba_predictions.ml_feature_store_v2
WHERE game_date BETWEEN @first AND @last AND snapshot_id IN (SELECT s FROM UNNEST(@snapshots) AS s)
ORDER BY game_date, player_lookup, player_id
