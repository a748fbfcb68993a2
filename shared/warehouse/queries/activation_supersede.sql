UPDATE nba_predictions.player_prop_predictions AS t
SET is_active = FALSE,
  superseded_by = @run_id,
  superseded_at = @now,
  superseded_reason = CASE WHEN k.outcome = 'predicted' THEN @reason ELSE CONCAT('skipped:', k.reason) END
FROM nba_predictions.prediction_key_outcomes AS k
WHERE t.game_date = @game_date AND k.game_date = @game_date
  AND k.run_id = @run_id AND k.outcome IN ('predicted', 'skipped')
  AND t.game_id = k.game_id AND t.player_lookup = k.player_lookup AND t.system_id = k.system_id
  AND t.is_active AND t.run_id != @run_id AND @force
  AND NOT EXISTS (
    SELECT 1
    FROM nba_predictions.player_prop_predictions AS p
    WHERE p.game_date = @game_date AND p.run_id = @run_id
  )
