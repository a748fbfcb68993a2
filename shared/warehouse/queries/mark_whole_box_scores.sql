UPDATE nba_reference.nba_schedule
SET box_score_whole_at = @now
WHERE game_date BETWEEN @first AND @last AND box_score_whole_at IS NULL
  AND game_id IN (SELECT g FROM UNNEST(@games) AS g)
