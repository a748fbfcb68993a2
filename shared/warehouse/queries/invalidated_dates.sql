SELECT game_date
FROM nba_predictions.feature_snapshots
WHERE game_date BETWEEN @first AND @last
GROUP BY game_date
HAVING COUNT(CASE WHEN invalidated_at IS NULL THEN 1 END) = 0
ORDER BY game_date
