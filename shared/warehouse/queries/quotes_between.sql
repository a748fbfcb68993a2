SELECT quote_id, game_id, player_id, player_lookup, team_abbr, bookmaker, book_type, points_line,
  over_price, under_price, captured_at, captured_precision
FROM nba_raw.odds_api_player_points_props
WHERE game_date BETWEEN @first AND @last AND is_main AND player_id IS NOT NULL
  AND withdrawn_at IS NULL
  AND (
    (over_price IS NOT NULL AND under_price IS NOT NULL)
    OR (book_type = 'dfs' AND over_price IS NULL AND under_price IS NULL)
  )
ORDER BY game_date, quote_id
