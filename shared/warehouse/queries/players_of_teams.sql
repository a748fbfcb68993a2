SELECT DISTINCT player_id, player_name, team_abbr, game_date
FROM nba_analytics.player_game_summary
WHERE game_date BETWEEN @first AND @last
ORDER BY game_date, team_abbr, player_id
