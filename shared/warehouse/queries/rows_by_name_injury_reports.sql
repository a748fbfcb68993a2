SELECT *
FROM nba_raw.nbac_injury_report
WHERE game_date BETWEEN @first AND @last
  AND (player_id < 0 OR player_id IN (SELECT p FROM UNNEST(@players) AS p))
