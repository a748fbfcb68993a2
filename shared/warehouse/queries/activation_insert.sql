INSERT INTO nba_predictions.player_prop_predictions
SELECT s.*,
  @now AS activated_at,
  s.role = 'champion' AND a.prediction_id IS NULL AS is_active,
  a.run_id AS superseded_by,
  CASE WHEN a.run_id IS NOT NULL THEN @now END AS superseded_at,
  CASE WHEN a.run_id IS NOT NULL THEN 'key_already_active' END AS superseded_reason
FROM nba_predictions.prediction_staging AS s
JOIN nba_predictions.prediction_key_outcomes AS k
  ON k.game_date = @game_date AND k.run_id = s.run_id AND k.outcome = 'predicted'
  AND k.game_id = s.game_id AND k.player_lookup = s.player_lookup AND k.system_id = s.system_id
LEFT JOIN nba_predictions.player_prop_predictions AS a
  ON a.game_date = @game_date AND a.is_active AND s.role = 'champion'
  AND a.game_id = s.game_id AND a.player_lookup = s.player_lookup AND a.system_id = s.system_id
LEFT JOIN nba_predictions.player_prop_predictions AS p
  ON p.game_date = @game_date AND p.prediction_id = s.prediction_id
WHERE s.game_date = @game_date AND s.run_id = @run_id AND p.prediction_id IS NULL
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY s.game_id, s.player_lookup, s.system_id,
    CASE WHEN s.role = 'champion' THEN 'champion' ELSE s.prediction_id END
  ORDER BY s.created_at, s.prediction_id
) = 1
