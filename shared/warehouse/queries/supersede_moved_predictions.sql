UPDATE nba_predictions.player_prop_predictions AS t
SET is_active = FALSE,
  superseded_at = @now,
  superseded_reason = CASE
    WHEN SUBSTR(g.moved_to, 1, 8) = SUBSTR(g.game_id, 1, 8) THEN 'relisted'
    ELSE 'postponed'
  END
FROM nba_reference.nba_schedule AS g
WHERE t.game_date BETWEEN @first AND @last AND g.game_date BETWEEN @first AND @last
  AND t.game_date = g.game_date AND t.game_id = g.game_id AND g.moved_to IS NOT NULL AND t.is_active
