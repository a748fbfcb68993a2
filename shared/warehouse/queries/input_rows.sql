SELECT game_date, SUM(quotes) AS quotes, SUM(injuries) AS injuries, SUM(located) AS located, SUM(rated) AS rated,
  SUM(box_scores) AS box_scores, SUM(finals) AS finals
FROM (
  SELECT o.game_date, 1 AS quotes, 0 AS injuries, 0 AS located, 0 AS rated, 0 AS box_scores, 0 AS finals
  FROM nba_raw.odds_api_player_points_props AS o
  WHERE o.game_date BETWEEN @first AND @last
  UNION ALL
  SELECT i.game_date, 0, 1, 0, 0, 0, 0
  FROM nba_raw.nbac_injury_report AS i
  WHERE i.game_date BETWEEN @first AND @last
  UNION ALL
  SELECT b.game_date, 0, 0, CASE WHEN b.paint_attempts IS NOT NULL THEN 1 ELSE 0 END,
    CASE WHEN b.fg_attempts IS NOT NULL AND b.ft_attempts IS NOT NULL AND b.offensive_rebounds IS NOT NULL
      AND b.turnovers IS NOT NULL THEN 1 ELSE 0 END, 1, 0
  FROM nba_analytics.player_game_summary AS b
  WHERE b.game_date BETWEEN @first AND @last
  UNION ALL
  SELECT g.game_date, 0, 0, 0, 0, 0, CASE WHEN g.game_status = 3 THEN 1 ELSE 0 END
  FROM nba_reference.nba_schedule AS g
  WHERE g.game_date BETWEEN @first AND @last
)
GROUP BY game_date
ORDER BY game_date
