SELECT load_id, loaded_at, file_name, severity, reason, row_count, example, first_game_date, last_game_date
FROM nba_raw.load_reconciliation
WHERE load_date >= @since AND first_game_date <= @last AND last_game_date >= @first
ORDER BY loaded_at, file_name, reason
