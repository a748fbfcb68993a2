SELECT *
FROM nba_raw.nbac_injury_report
WHERE game_date BETWEEN @first AND @last
  AND (player_id < 0 OR CAST(player_id AS STRING) IN (SELECT p FROM UNNEST(@players) AS p))
