SELECT nba_game_id
FROM nba_reference.nba_schedule
WHERE game_date BETWEEN @first AND @last AND moved_to IS NULL AND nba_game_id IS NOT NULL
  AND home_team_score IS NOT NULL
ORDER BY nba_game_id
