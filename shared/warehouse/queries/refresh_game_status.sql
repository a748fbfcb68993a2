UPDATE nba_reference.nba_schedule
SET game_status = CASE
    WHEN home_team_score IS NOT NULL AND away_team_score IS NOT NULL
      AND COALESCE(game_start_utc <= @now, game_date <= @today) THEN 3
    WHEN game_start_utc <= @now THEN 2
    ELSE 1
  END,
  box_score_whole_at = CASE
    WHEN home_team_score IS NOT NULL AND away_team_score IS NOT NULL
      AND COALESCE(game_start_utc <= @now, game_date <= @today) THEN box_score_whole_at
  END
WHERE game_date BETWEEN @first AND @last AND moved_to IS NULL
  AND (game_status IS NULL OR game_status != CASE
    WHEN home_team_score IS NOT NULL AND away_team_score IS NOT NULL
      AND COALESCE(game_start_utc <= @now, game_date <= @today) THEN 3
    WHEN game_start_utc <= @now THEN 2
    ELSE 1
  END)
