SELECT game_date, system_id, game_id, recommendation, line_margin, confidence_score
FROM nba_predictions.player_prop_predictions
WHERE game_date BETWEEN @first AND @last AND is_active AND has_prop_line
ORDER BY game_date, system_id, game_id, player_lookup, player_id
