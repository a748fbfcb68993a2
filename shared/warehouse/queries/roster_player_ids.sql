SELECT game_date, game_id, player_lookup, MIN(player_id) AS player_id
FROM nba_analytics.upcoming_player_game_context AS r
WHERE game_date BETWEEN @first AND @last
GROUP BY game_date, game_id, player_lookup
HAVING COUNT(DISTINCT r.player_id) = 1
