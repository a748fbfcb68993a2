SELECT *
FROM nba_predictions.ml_feature_store_v2
WHERE game_date = @game_date AND snapshot_id = @snapshot_id AND player_id = @player_id
