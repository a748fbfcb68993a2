SELECT g.game_id, g.game_status, COUNT(DISTINCT b.team_abbr) AS teams,
  COUNT(b.player_id) AS players,
  COUNT(CASE WHEN NOT b.is_dnp THEN 1 END) AS played,
  COUNT(CASE WHEN NOT b.is_dnp AND b.minutes_played > 0 THEN 1 END) AS with_minutes
FROM nba_reference.nba_schedule AS g
LEFT JOIN nba_analytics.player_game_summary AS b
  ON b.game_date BETWEEN @first AND @last AND b.game_date = g.game_date AND b.game_id = g.game_id
WHERE g.game_date BETWEEN @first AND @last
GROUP BY g.game_id, g.game_status
ORDER BY g.game_id
