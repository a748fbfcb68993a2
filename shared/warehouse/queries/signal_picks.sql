SELECT system_id, game_id, recommendation, line_margin, confidence_score
FROM nba_predictions.player_prop_predictions
WHERE game_date = @game_date AND is_active AND has_prop_line
ORDER BY system_id, game_id, player_lookup
