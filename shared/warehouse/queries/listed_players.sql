SELECT player_id, player_name, player_lookup, team_abbr, first_season, last_season, updated_at
FROM nba_reference.players
ORDER BY player_id
