SELECT game_date, system_id, total_picks, pct_over, pct_under, high_edge_picks
FROM nba_predictions.daily_prediction_signals
WHERE game_date BETWEEN @first AND @last AND pct_over IS NOT NULL AND pct_under IS NOT NULL
ORDER BY game_date
