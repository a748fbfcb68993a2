DELETE FROM nba_raw.nbac_injury_report AS t
WHERE t.game_date BETWEEN @first AND @last AND t.player_id = @old AND t.player_lookup = @player_lookup
  AND t.game_id IN (SELECT g FROM UNNEST(@games) AS g)
  AND EXISTS (
    SELECT 1 FROM nba_raw.nbac_injury_report AS n
    WHERE n.game_date BETWEEN @first AND @last AND n.game_id = t.game_id AND n.player_id = @new
      AND n.reported_at = t.reported_at
  )
