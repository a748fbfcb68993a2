SELECT p.*, g.game_start_utc, a.outcome, a.actual_points, n.player_name
FROM nba_predictions.player_prop_predictions AS p
LEFT JOIN nba_reference.nba_schedule AS g
  ON g.game_date BETWEEN @first AND @last AND g.game_date = p.game_date AND g.game_id = p.game_id
LEFT JOIN nba_predictions.prediction_accuracy AS a
  ON a.game_date BETWEEN @first AND @last AND a.prediction_id = p.prediction_id AND a.is_current
LEFT JOIN (
  SELECT player_id, MAX_BY(player_name, game_date) AS player_name
  FROM nba_analytics.player_game_summary
  WHERE game_date BETWEEN @names_since AND @last
  GROUP BY player_id
) AS n ON n.player_id = p.player_id
WHERE p.game_date BETWEEN @first AND @last AND p.prediction_id = @prediction_id
