SELECT s.run_id, s.game_date, s.system_id, MAX(s.model_id) AS model_id, COUNT(*) AS row_count,
  SUM(s.raw_prediction) AS points, SUM(s.raw_prediction * s.raw_prediction) AS squares,
  MIN(s.raw_prediction) AS lowest, MAX(s.raw_prediction) AS highest,
  SUM(CASE WHEN s.raw_prediction < @least OR s.raw_prediction > @most THEN 1 ELSE 0 END) AS clamped,
  COUNT(s.current_points_line) AS lined_rows, SUM(s.raw_prediction - s.current_points_line) AS line_gap,
  COUNT(s.usual_points) AS usual_rows, SUM(s.raw_prediction - s.usual_points) AS usual_gap
FROM (
  SELECT p.run_id, p.game_date, p.system_id, p.model_id, p.raw_prediction, p.current_points_line,
    f.feature_1_value AS usual_points
  FROM nba_predictions.prediction_staging AS p
  LEFT JOIN nba_predictions.ml_feature_store_v2 AS f
    ON f.game_date BETWEEN @first AND @last AND f.game_date = p.game_date
    AND f.snapshot_id = p.feature_snapshot_id AND f.game_id = p.game_id AND f.feature_hash = p.feature_hash
  WHERE p.game_date BETWEEN @first AND @last AND p.run_id IN (SELECT r FROM UNNEST(@run_ids) AS r)
    AND p.role = 'champion'
  QUALIFY ROW_NUMBER() OVER (PARTITION BY p.run_id, p.prediction_id ORDER BY p.created_at) = 1
) AS s
GROUP BY s.run_id, s.game_date, s.system_id
ORDER BY s.run_id, s.game_date, s.system_id
