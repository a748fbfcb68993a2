SELECT run_id, SUM(activated) AS activated, SUM(superseded) AS superseded,
  COUNT(DISTINCT begun) AS games_begun
FROM (
  SELECT p.run_id, 1 AS activated, 0 AS superseded,
    CASE WHEN g.game_start_utc <= p.activated_at THEN p.game_id END AS begun
  FROM nba_predictions.player_prop_predictions AS p
  LEFT JOIN nba_reference.nba_schedule AS g
    ON g.game_date BETWEEN @first AND @last AND g.game_date = p.game_date AND g.game_id = p.game_id
  WHERE p.game_date BETWEEN @first AND @last AND p.run_id IN (SELECT r FROM UNNEST(@run_ids) AS r)
  UNION ALL
  SELECT q.superseded_by, 0, 1, NULL
  FROM nba_predictions.player_prop_predictions AS q
  WHERE q.game_date BETWEEN @first AND @last AND q.superseded_by IN (SELECT r FROM UNNEST(@run_ids) AS r)
    AND q.run_id != q.superseded_by
)
GROUP BY run_id
