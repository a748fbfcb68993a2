"""Names, rosters and injury status of players."""
