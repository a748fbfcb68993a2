UPDATE nba_predictions.player_prop_predictions AS t
SET is_active = FALSE,
  superseded_by = k.run_id,
  superseded_at = @now,
  superseded_reason = CASE
    WHEN t.game_id != k.game_id THEN 'other_game'
    WHEN k.outcome = 'predicted' THEN @reason
    ELSE CONCAT('skipped:', k.reason)
  END
FROM nba_predictions.prediction_key_outcomes AS k
WHERE t.game_date BETWEEN @first AND @last AND k.game_date BETWEEN @first AND @last
  AND t.game_date = k.game_date AND k.run_id IN (SELECT r FROM UNNEST(@run_ids) AS r)
  AND k.outcome IN ('predicted', 'skipped')
  AND t.player_id = k.player_id AND t.system_id = k.system_id
  AND t.is_active AND t.run_id != k.run_id AND @counted AND (@force OR t.game_id != k.game_id)
  AND k.run_id NOT IN (
    SELECT p.run_id
    FROM nba_predictions.player_prop_predictions AS p
    WHERE p.game_date BETWEEN @first AND @last AND p.run_id IN (SELECT r FROM UNNEST(@run_ids) AS r)
  )
