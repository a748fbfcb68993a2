SELECT game_date, game_id, player_lookup, player_name, team_abbr, opponent_team_abbr, is_home, is_dnp, dnp_reason,
  minutes_played, points
FROM nba_analytics.player_game_summary
WHERE game_date BETWEEN @first AND @last AND player_id = @player_id
ORDER BY game_date DESC, game_id DESC
LIMIT @most
