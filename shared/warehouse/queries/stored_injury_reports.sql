SELECT *
FROM nba_raw.nbac_injury_report
WHERE game_date BETWEEN @first AND @last
