SELECT game_date, game_id, player_id, system_id, COUNT(*) AS active_rows
FROM nba_predictions.player_prop_predictions
WHERE game_date BETWEEN @first AND @last AND is_active
GROUP BY game_date, game_id, player_id, CASE WHEN player_id IS NULL THEN player_lookup END, system_id
HAVING COUNT(*) > 1
