SELECT game_id, nba_game_id, game_date, home_team_tricode, away_team_tricode, moved_to
FROM nba_reference.nba_schedule
WHERE game_date BETWEEN @first AND @last AND (nba_game_id IS NOT NULL OR moved_to IS NOT NULL)
ORDER BY game_id
