SELECT game_id, player_lookup, system_id, COUNT(*) AS active_rows
FROM nba_predictions.player_prop_predictions
WHERE game_date = @game_date AND is_active
GROUP BY game_id, player_lookup, system_id
HAVING COUNT(*) > 1
