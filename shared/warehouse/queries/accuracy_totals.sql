SELECT system_id, model_key, counted_as,
  COUNT(*) AS n,
  SUM(absolute_error) AS absolute,
  SUM(signed_error) AS signed,
  SUM(CASE WHEN line_value IS NOT NULL THEN 1 ELSE 0 END) AS lined_n,
  SUM(CASE WHEN line_value IS NOT NULL THEN absolute_error ELSE 0 END) AS lined_absolute,
  SUM(CASE WHEN line_value IS NOT NULL THEN ABS(line_value - actual_points) ELSE 0 END) AS line_absolute,
  SUM(CASE WHEN outcome = 'HIT' THEN 1 ELSE 0 END) AS hits,
  SUM(CASE WHEN outcome IN ('HIT', 'MISS') THEN 1 ELSE 0 END) AS decided,
  SUM(CASE WHEN outcome IN ('HIT', 'MISS') AND actual_points < line_value THEN 1 ELSE 0 END) AS under
FROM nba_predictions.prediction_accuracy
WHERE game_date BETWEEN @first AND @last AND is_current AND NOT is_voided
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
