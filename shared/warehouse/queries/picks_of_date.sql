SELECT p.prediction_id, p.run_id, p.system_id, p.model_id, p.game_id, p.player_lookup, p.player_id, g.player_name,
  p.team_abbr, p.opponent_team_abbr, p.predicted_points, p.current_points_line, p.line_margin, p.prob_over,
  p.confidence_score, p.recommendation, p.sportsbook, p.prediction_run_mode
FROM nba_predictions.player_prop_predictions AS p
LEFT JOIN (
  SELECT player_id, MAX_BY(player_name, game_date) AS player_name
  FROM nba_analytics.player_game_summary
  WHERE game_date BETWEEN @names_since AND @game_date
  GROUP BY player_id
) AS g ON g.player_id = p.player_id
WHERE p.game_date = @game_date AND p.is_active
ORDER BY ABS(p.line_margin) DESC, p.game_id, p.player_lookup, p.player_id
