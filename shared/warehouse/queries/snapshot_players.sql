SELECT snapshot_id, player_id, player_lookup, expected, roster_reason
FROM nba_analytics.upcoming_player_game_context
WHERE game_date BETWEEN @first AND @last
ORDER BY game_date, player_lookup, player_id
