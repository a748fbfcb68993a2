UPDATE nba_reference.nba_schedule
SET game_status = CASE
  WHEN home_team_score IS NOT NULL AND away_team_score IS NOT NULL THEN 3
  WHEN game_start_utc <= @now THEN 2
  ELSE 1
END
WHERE game_date BETWEEN @first AND @last
  AND (game_status IS NULL OR game_status != CASE
    WHEN home_team_score IS NOT NULL AND away_team_score IS NOT NULL THEN 3
    WHEN game_start_utc <= @now THEN 2
    ELSE 1
  END)
