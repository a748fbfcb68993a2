UPDATE nba_analytics.player_game_summary
SET player_id = @new
WHERE game_date BETWEEN @first AND @last AND player_id = @old AND player_lookup = @player_lookup
  AND game_id IN (SELECT g FROM UNNEST(@games) AS g)
