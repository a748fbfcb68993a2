SELECT g.game_date, g.game_id, g.side, g.team, g.score, g.game_start_utc, g.box_score_whole_at,
  COUNT(b.player_id) AS box_rows,
  COUNT(CASE WHEN NOT b.is_dnp THEN 1 END) AS played,
  COUNT(CASE WHEN NOT b.is_dnp AND b.minutes_played > 0 THEN 1 END) AS with_minutes,
  COALESCE(SUM(CASE WHEN NOT b.is_dnp THEN b.points END), 0) AS points,
  COALESCE(SUM(CASE WHEN NOT b.is_dnp THEN b.minutes_played END), 0) AS minutes
FROM (
  SELECT game_date, game_id, 'home' AS side, home_team_tricode AS team, home_team_score AS score,
    game_start_utc, box_score_whole_at
  FROM nba_reference.nba_schedule
  WHERE game_date BETWEEN @first AND @last AND game_status = 3
  UNION ALL
  SELECT game_date, game_id, 'away', away_team_tricode, away_team_score, game_start_utc, box_score_whole_at
  FROM nba_reference.nba_schedule
  WHERE game_date BETWEEN @first AND @last AND game_status = 3
) AS g
LEFT JOIN nba_analytics.player_game_summary AS b
  ON b.game_date BETWEEN @first AND @last AND b.game_date = g.game_date AND b.game_id = g.game_id
  AND b.team_abbr = g.team
GROUP BY g.game_date, g.game_id, g.side, g.team, g.score, g.game_start_utc, g.box_score_whole_at
QUALIFY @also_whole OR g.box_score_whole_at IS NULL
  OR MIN(COUNT(CASE WHEN NOT b.is_dnp THEN 1 END)) OVER (PARTITION BY g.game_id) < @least_played
ORDER BY g.game_date, g.game_id, g.side
