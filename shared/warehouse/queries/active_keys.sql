SELECT game_id, player_lookup, system_id
FROM nba_predictions.player_prop_predictions
WHERE game_date = @game_date AND is_active
