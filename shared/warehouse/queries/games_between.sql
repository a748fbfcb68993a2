SELECT game_id, game_date, game_start_utc, season, season_type, home_team_tricode, away_team_tricode,
  home_team_score, away_team_score, game_status
FROM nba_reference.nba_schedule
WHERE game_date BETWEEN @first AND @last AND moved_to IS NULL
  AND season_type NOT IN ('Pre Season', 'All-Star')
ORDER BY game_date, game_id
