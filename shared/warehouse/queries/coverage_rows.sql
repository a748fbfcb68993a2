SELECT p.game_date, p.system_id,
  CASE
    WHEN g.moved_to IS NOT NULL
      THEN IF(p.is_active OR p.superseded_reason IN ('postponed', 'relisted'), 'void', 'inactive')
    WHEN p.prediction_run_mode = 'LIVE' AND p.activated_at >= g.game_start_utc THEN 'after_tipoff'
    WHEN NOT CASE
      WHEN p.prediction_run_mode = 'BACKFILL' OR g.game_start_utc IS NULL THEN p.is_active
      ELSE p.superseded_at IS NULL OR p.superseded_at >= g.game_start_utc
    END THEN 'inactive'
    WHEN NOT p.has_prop_line THEN 'no_line'
    WHEN g.game_status IS NULL OR g.game_status != 3 THEN 'not_final'
    WHEN g.box_score_whole_at IS NULL THEN 'incomplete_box_score'
    WHEN b.is_dnp THEN 'void'
    WHEN b.player_id IS NULL AND p.player_id IS NOT NULL THEN 'void'
    ELSE 'due'
  END AS standing,
  COUNT(*) AS predictions,
  COUNT(a.prediction_id) AS graded
FROM nba_predictions.player_prop_predictions AS p
JOIN nba_reference.nba_schedule AS g
  ON g.game_date = p.game_date AND g.game_date BETWEEN @first AND @last AND g.game_id = p.game_id
LEFT JOIN nba_analytics.player_game_summary AS b
  ON b.game_date BETWEEN @first AND @last AND b.game_id = p.game_id AND b.player_id = p.player_id
LEFT JOIN nba_predictions.prediction_accuracy AS a
  ON a.game_date BETWEEN @first AND @last AND a.prediction_id = p.prediction_id AND a.is_current
WHERE p.game_date BETWEEN @first AND @last AND p.role = 'champion'
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
