SELECT player_id, player_lookup, game_id, is_home, birth_date, minutes_played, points, fg_attempts,
  three_pt_attempts, three_pt_makes, ft_attempts, ft_makes, offensive_rebounds, turnovers,
  paint_attempts, paint_makes, mid_range_attempts, mid_range_makes
FROM nba_analytics.player_game_summary
WHERE game_date BETWEEN @first AND @last AND NOT is_dnp
ORDER BY game_date, game_id, player_id
