UPDATE nba_raw.nbac_injury_report
SET player_id = @new, player_id_source = @how
WHERE game_date BETWEEN @first AND @last AND player_id = @old AND player_lookup = @player_lookup
  AND game_id IN (SELECT g FROM UNNEST(@games) AS g)
