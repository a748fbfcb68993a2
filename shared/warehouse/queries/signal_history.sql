SELECT s.game_date, s.skew_category, s.daily_signal, a.counted_as,
  COUNT(*) AS n, COUNTIF(a.prediction_correct) AS hits
FROM nba_predictions.daily_prediction_signals AS s
JOIN nba_predictions.prediction_accuracy AS a
  ON a.game_date BETWEEN @first AND @last AND a.game_date = s.game_date AND a.system_id = s.system_id
WHERE s.game_date BETWEEN @first AND @last AND s.system_id = @system_id
  AND a.role = 'champion' AND a.is_current AND a.prediction_correct IS NOT NULL
  AND ABS(a.line_margin) >= @high_edge
GROUP BY s.game_date, s.skew_category, s.daily_signal, a.counted_as
ORDER BY s.game_date
