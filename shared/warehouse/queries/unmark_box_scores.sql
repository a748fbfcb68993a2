UPDATE nba_reference.nba_schedule
SET box_score_whole_at = NULL
WHERE game_date BETWEEN @first AND @last AND box_score_whole_at IS NOT NULL
  AND game_id IN (SELECT g FROM UNNEST(@games) AS g)
