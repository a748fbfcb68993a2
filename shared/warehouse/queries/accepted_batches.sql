SELECT game_date, system_id, COUNT(*) AS row_count, SUM(raw_prediction) AS points,
  SUM(raw_prediction * raw_prediction) AS squares
FROM nba_predictions.player_prop_predictions
WHERE game_date BETWEEN @first AND @last AND is_active
GROUP BY game_date, system_id
ORDER BY game_date, system_id
