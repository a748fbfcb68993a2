SELECT *
FROM nba_reference.nba_schedule
WHERE game_date BETWEEN @first AND @last
