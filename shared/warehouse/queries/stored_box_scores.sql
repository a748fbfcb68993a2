SELECT *
FROM nba_analytics.player_game_summary
WHERE game_date BETWEEN @first AND @last
