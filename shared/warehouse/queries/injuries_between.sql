SELECT game_id, player_id, player_lookup, team_abbr, injury_status, reported_at
FROM nba_raw.nbac_injury_report
WHERE game_date BETWEEN @first AND @last
ORDER BY game_date, game_id, player_id, reported_at
