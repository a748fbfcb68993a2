SELECT game_id, nba_game_id, game_date, season, game_start_utc, home_team_tricode, away_team_tricode
FROM nba_reference.nba_schedule
WHERE game_date BETWEEN @first AND @last AND moved_to IS NULL
ORDER BY game_date, game_id
