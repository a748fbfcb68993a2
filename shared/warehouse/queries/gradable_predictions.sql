SELECT p.game_date, p.game_id, p.player_lookup, p.player_id, p.system_id, p.model_sha256, p.prediction_id,
  p.role, p.prediction_run_mode, p.predicted_points, p.confidence_score, p.recommendation, p.current_points_line,
  p.line_margin, p.line_over_price, p.line_under_price, p.team_abbr, p.opponent_team_abbr,
  p.feature_quality_score, p.prob_over,
  CASE
    WHEN p.role = 'shadow' THEN 'SHADOW'
    WHEN p.prediction_run_mode = 'BACKFILL' THEN 'BACKFILL'
    ELSE 'LIVE'
  END AS counted_as,
  g.moved_to IS NOT NULL
    OR (g.game_status = 3 AND g.box_score_whole_at IS NOT NULL AND p.player_id IS NOT NULL) AS is_final,
  b.points, b.minutes_played, b.is_dnp,
  CASE
    WHEN g.moved_to IS NULL THEN b.dnp_reason
    WHEN SUBSTR(g.moved_to, 1, 8) = SUBSTR(g.game_id, 1, 8) THEN 'relisted'
    ELSE 'postponed'
  END AS void_reason
FROM nba_predictions.player_prop_predictions AS p
JOIN nba_reference.nba_schedule AS g
  ON g.game_date = p.game_date AND g.game_date BETWEEN @first AND @last AND g.game_id = p.game_id
LEFT JOIN nba_analytics.player_game_summary AS b
  ON b.game_date BETWEEN @first AND @last AND b.player_id = p.player_id
  AND b.game_id = CASE WHEN g.moved_to IS NULL THEN p.game_id END
WHERE p.game_date BETWEEN @first AND @last
  AND p.role IN ('champion', 'shadow')
  AND CASE
    WHEN g.moved_to IS NOT NULL
      THEN p.is_active OR p.superseded_reason IN ('postponed', 'relisted') OR p.role = 'shadow'
    WHEN p.prediction_run_mode = 'BACKFILL' THEN p.is_active OR p.role = 'shadow'
    WHEN g.game_start_utc IS NULL THEN p.is_active OR p.role = 'shadow'
    ELSE p.activated_at < g.game_start_utc
      AND (p.superseded_at IS NULL OR p.superseded_at >= g.game_start_utc)
  END
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY p.game_id, p.player_id, CASE WHEN p.player_id IS NULL THEN p.prediction_id END, p.system_id,
    p.role, p.prediction_run_mode, CASE WHEN p.role = 'shadow' THEN p.model_sha256 END
  ORDER BY p.activated_at DESC, p.prediction_id
) = 1
ORDER BY p.game_date, p.game_id, p.player_lookup, p.player_id, p.system_id
