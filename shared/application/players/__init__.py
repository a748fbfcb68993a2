"""The directory of players, their aliases, and names without a player."""
