SELECT source, kind, alias, player_id, valid_from, valid_to, added_by, added_at
FROM nba_reference.player_aliases
ORDER BY source, kind, alias, valid_from
