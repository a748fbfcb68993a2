SELECT COUNT(CASE WHEN p.run_id = @run_id THEN 1 END) AS activated,
  COUNT(CASE WHEN p.superseded_by = @run_id AND p.run_id != @run_id THEN 1 END) AS superseded,
  COUNT(
    DISTINCT CASE WHEN p.run_id = @run_id AND g.game_start_utc <= p.activated_at THEN p.game_id END
  ) AS games_begun
FROM nba_predictions.player_prop_predictions AS p
LEFT JOIN nba_reference.nba_schedule AS g ON g.game_date = @game_date AND g.game_id = p.game_id
WHERE p.game_date = @game_date AND (p.run_id = @run_id OR p.superseded_by = @run_id)
