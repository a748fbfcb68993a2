SELECT
  COALESCE(m.topic, 'unknown') AS of_topic,
  STARTS_WITH(m.service, 'dead-letter:') AS is_dead,
  COUNT(DISTINCT COALESCE(m.rejected_id, m.message_id, m.service)) AS messages,
  COUNT(DISTINCT CASE WHEN r.rejected_id IS NOT NULL THEN m.rejected_id END) AS replayed
FROM nba_predictions.rejected_messages AS m
LEFT JOIN (
  SELECT DISTINCT rejected_id
  FROM nba_predictions.message_replays
  WHERE replayed_date >= @first
) AS r ON r.rejected_id = m.rejected_id
WHERE m.rejected_date >= @first
  AND CASE
    WHEN REGEXP_CONTAINS(COALESCE(m.run_id, ''), r'^[0-9]{8}-') THEN STARTS_WITH(m.run_id, @run_prefix)
    ELSE m.rejected_date BETWEEN @game_date AND @next_date
  END
GROUP BY of_topic, is_dead
ORDER BY of_topic, is_dead
