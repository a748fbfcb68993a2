UPDATE nba_reference.nba_schedule
SET game_status = NULL, moved_to = NULL, moved_at = NULL
WHERE game_date BETWEEN @first AND @last AND moved_to IS NOT NULL
  AND game_id IN (SELECT g FROM UNNEST(@games) AS g)
