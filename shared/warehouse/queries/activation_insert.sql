INSERT INTO nba_predictions.player_prop_predictions (
  prediction_id, run_id, system_id, role, player_lookup, player_id, game_date, game_id, team_abbr,
  opponent_team_abbr, raw_prediction, predicted_points, confidence_score, recommendation, has_prop_line,
  current_points_line, line_margin, line_quote_id, sportsbook, line_over_price, line_under_price,
  line_captured_at, line_precision, model_id, model_sha256, feature_version, feature_snapshot_id,
  feature_hash, feature_quality_score, missing_inputs, prediction_run_mode, prediction_made_before_game,
  as_of, predicted_at, build_commit, prob_over, interval_low, interval_high, expected_value,
  kelly_fraction, no_bet_reason, created_at, activated_at, is_active, superseded_by, superseded_at,
  superseded_reason
)
SELECT
  s.prediction_id, s.run_id, s.system_id, s.role, s.player_lookup, s.player_id, s.game_date, s.game_id,
  s.team_abbr, s.opponent_team_abbr, s.raw_prediction, s.predicted_points, s.confidence_score,
  s.recommendation, s.has_prop_line, s.current_points_line, s.line_margin, s.line_quote_id, s.sportsbook,
  s.line_over_price, s.line_under_price, s.line_captured_at, s.line_precision, s.model_id,
  s.model_sha256, s.feature_version, s.feature_snapshot_id, s.feature_hash, s.feature_quality_score,
  s.missing_inputs, s.prediction_run_mode, s.prediction_made_before_game, s.as_of, s.predicted_at,
  s.build_commit, s.prob_over, s.interval_low, s.interval_high, s.expected_value, s.kelly_fraction,
  s.no_bet_reason, s.created_at,
  @now AS activated_at,
  s.role = 'champion' AND a.prediction_id IS NULL AND m.game_id IS NULL AS is_active,
  a.run_id AS superseded_by,
  CASE WHEN a.run_id IS NOT NULL OR m.game_id IS NOT NULL THEN @now END AS superseded_at,
  CASE
    WHEN a.run_id IS NOT NULL THEN 'key_already_active'
    WHEN SUBSTR(m.moved_to, 1, 8) = SUBSTR(m.game_id, 1, 8) THEN 'relisted'
    WHEN m.game_id IS NOT NULL THEN 'postponed'
  END AS superseded_reason
FROM nba_predictions.prediction_staging AS s
JOIN nba_predictions.prediction_key_outcomes AS k
  ON k.game_date BETWEEN @first AND @last AND k.game_date = s.game_date AND k.run_id = s.run_id
  AND k.outcome = 'predicted' AND k.game_id = s.game_id AND k.player_id = s.player_id
  AND k.system_id = s.system_id
LEFT JOIN nba_predictions.player_prop_predictions AS a
  ON a.game_date BETWEEN @first AND @last AND a.game_date = s.game_date AND a.is_active
  AND s.role = 'champion'
  AND a.game_id = s.game_id AND a.player_id = s.player_id AND a.system_id = s.system_id
LEFT JOIN nba_reference.nba_schedule AS m
  ON m.game_date BETWEEN @first AND @last AND m.game_date = s.game_date AND m.game_id = s.game_id
  AND m.moved_to IS NOT NULL AND s.role = 'champion'
WHERE s.game_date BETWEEN @first AND @last AND s.run_id IN (SELECT r FROM UNNEST(@run_ids) AS r)
  AND s.run_id NOT IN (
    SELECT p.run_id
    FROM nba_predictions.player_prop_predictions AS p
    WHERE p.game_date BETWEEN @first AND @last AND p.run_id IN (SELECT r FROM UNNEST(@run_ids) AS r)
  )
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY s.run_id, s.game_id, s.player_id, s.system_id,
    CASE WHEN s.role = 'champion' THEN 'champion' ELSE s.prediction_id END
  ORDER BY s.created_at, s.prediction_id
) = 1
