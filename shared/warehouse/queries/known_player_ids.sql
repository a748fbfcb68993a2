SELECT player_id
FROM nba_reference.players
WHERE CAST(player_id AS STRING) IN (SELECT p FROM UNNEST(@players) AS p)
UNION DISTINCT
SELECT player_id
FROM nba_analytics.player_game_summary
WHERE game_date BETWEEN @first AND @last AND player_id > 0 AND CAST(player_id AS STRING) IN (SELECT p FROM UNNEST(@players) AS p)
