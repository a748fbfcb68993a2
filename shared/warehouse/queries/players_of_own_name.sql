SELECT player_id
FROM nba_reference.players
WHERE player_lookup = @player_lookup
UNION DISTINCT
SELECT player_id
FROM nba_analytics.player_game_summary
WHERE game_date BETWEEN @first AND @last AND player_id > 0 AND player_lookup = @player_lookup
