SELECT *
FROM nba_raw.odds_api_player_points_props
WHERE game_date BETWEEN @first AND @last
