SELECT game_date, game_id, player_id, player_lookup, system_id
FROM nba_predictions.player_prop_predictions
WHERE game_date BETWEEN @first AND @last AND is_active
