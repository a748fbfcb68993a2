SELECT player_id, MAX_BY(b.player_lookup, game_date) AS player_lookup,
  MAX_BY(player_name, game_date) AS player_name, MAX_BY(team_abbr, game_date) AS team_abbr,
  MAX(game_date) AS last_game,
  SUM(CASE WHEN is_dnp THEN 0 ELSE 1 END) AS games,
  AVG(CASE WHEN is_dnp THEN NULL ELSE minutes_played END) AS mean_minutes,
  AVG(CASE WHEN is_dnp THEN NULL ELSE points END) AS mean_points
FROM nba_analytics.player_game_summary AS b
WHERE game_date BETWEEN @first AND @last
GROUP BY player_id
HAVING MAX(STRPOS(b.player_lookup, @part)) > 0
ORDER BY mean_points DESC, player_lookup, player_id
LIMIT @most OFFSET @skipped
