UPDATE nba_reference.nba_schedule AS t
SET game_status = 4, nba_game_id = NULL, moved_to = n.game_id, moved_at = @now, box_score_whole_at = NULL
FROM nba_reference.nba_schedule AS n
WHERE t.game_date BETWEEN @first AND @last AND n.game_date BETWEEN @first AND @last
  AND n.game_id IN (SELECT g FROM UNNEST(@games) AS g)
  AND t.nba_game_id = n.nba_game_id AND t.game_id != n.game_id
