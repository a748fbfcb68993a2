SELECT file_name, reason, game_date, COUNT(*) AS row_count, MIN(example) AS example
FROM (
  SELECT 'prop_lines.parquet' AS file_name, q.game_date, CONCAT(q.player_lookup, ' in ', q.game_id) AS example,
    CASE WHEN NOT EXISTS (
        SELECT 1 FROM nba_reference.nba_schedule AS g
        WHERE g.game_date BETWEEN @first AND @last AND g.game_date = q.game_date AND g.game_id = q.game_id
      ) THEN 'no_game'
      WHEN q.player_id IS NULL THEN 'no_player'
      WHEN q.is_main AND q.over_price IS NULL AND q.under_price IS NULL THEN
        CASE WHEN q.book_type = 'sportsbook' THEN 'no_price' ELSE 'pickem_without_price' END
      WHEN q.player_id_source = 'name' THEN 'by_name'
    END AS reason
  FROM nba_raw.odds_api_player_points_props AS q
  WHERE q.game_date BETWEEN @first AND @last
  UNION ALL
  SELECT 'injury_report.parquet', i.game_date, CONCAT(i.player_lookup, ' in ', i.game_id),
    CASE WHEN NOT EXISTS (
        SELECT 1 FROM nba_reference.nba_schedule AS g
        WHERE g.game_date BETWEEN @first AND @last AND g.game_date = i.game_date AND g.game_id = i.game_id
      ) THEN 'no_game'
      WHEN i.player_id < 0 AND i.player_id_source = 'none' THEN 'no_player'
      WHEN i.player_id_source = 'name' THEN 'by_name'
    END
  FROM nba_raw.nbac_injury_report AS i
  WHERE i.game_date BETWEEN @first AND @last
  UNION ALL
  SELECT 'player_game_logs.parquet', b.game_date, CONCAT(b.player_lookup, ' in ', b.game_id),
    CASE WHEN NOT EXISTS (
        SELECT 1 FROM nba_reference.nba_schedule AS g
        WHERE g.game_date BETWEEN @first AND @last AND g.game_date = b.game_date AND g.game_id = b.game_id
      ) THEN 'no_game'
      WHEN b.player_id < 0 THEN 'no_player'
    END
  FROM nba_analytics.player_game_summary AS b
  WHERE b.game_date BETWEEN @first AND @last
)
WHERE reason IS NOT NULL
GROUP BY file_name, reason, game_date
ORDER BY file_name, reason, game_date
