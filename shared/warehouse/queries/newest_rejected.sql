SELECT
  COALESCE(m.rejected_id, m.message_id, m.service) AS id, m.service, m.topic, m.run_id, m.reason, m.rejected_at,
  m.attempts, m.body_bytes, r.replayed_at, r.replayed_by
FROM nba_predictions.rejected_messages AS m
LEFT JOIN (
  SELECT rejected_id, replayed_at, replayed_by
  FROM nba_predictions.message_replays
  WHERE replayed_date >= @first
  QUALIFY ROW_NUMBER() OVER (PARTITION BY rejected_id ORDER BY replayed_at DESC, replayed_date DESC) = 1
) AS r ON r.rejected_id = m.rejected_id
WHERE m.rejected_date >= @first
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY COALESCE(m.rejected_id, m.message_id, m.service)
  ORDER BY m.rejected_at, m.rejected_date, m.message_id
) = 1
ORDER BY m.rejected_at DESC, id
LIMIT 50
