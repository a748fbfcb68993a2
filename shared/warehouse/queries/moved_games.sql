SELECT game_id, moved_to, moved_at
FROM nba_reference.nba_schedule
WHERE game_date BETWEEN @first AND @last AND moved_to IS NOT NULL
ORDER BY game_id
