SELECT kind, source, player_lookup, game_date, game_id, COUNT(*) AS row_count
FROM (
  SELECT 'quotes' AS kind, COALESCE(source, '') AS source, player_lookup, game_date, game_id
  FROM nba_raw.odds_api_player_points_props
  WHERE game_date BETWEEN @first AND @last AND player_id IS NULL AND withdrawn_at IS NULL
  UNION ALL
  SELECT 'injury_reports', '', player_lookup, game_date, game_id
  FROM nba_raw.nbac_injury_report
  WHERE game_date BETWEEN @first AND @last AND player_id < 0
  UNION ALL
  SELECT 'box_scores', COALESCE(source, ''), player_lookup, game_date, game_id
  FROM nba_analytics.player_game_summary
  WHERE game_date BETWEEN @first AND @last AND player_id < 0
)
GROUP BY kind, source, player_lookup, game_date, game_id
ORDER BY source, player_lookup, game_date, game_id, kind
