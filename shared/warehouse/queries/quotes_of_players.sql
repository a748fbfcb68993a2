SELECT q.player_lookup, MAX(q.captured_at) AS latest_quote, COUNTIF(q.captured_at IS NULL) AS undated,
  COUNTIF(q.over_price IS NOT NULL AND q.under_price IS NOT NULL) AS priced,
  MAX(g.game_start_utc) AS game_start_utc
FROM nba_raw.odds_api_player_points_props AS q
LEFT JOIN nba_reference.nba_schedule AS g
  ON g.game_date = @game_date AND g.game_date = q.game_date AND g.game_id = q.game_id
WHERE q.game_date = @game_date AND q.is_main
GROUP BY q.player_lookup
ORDER BY q.player_lookup
