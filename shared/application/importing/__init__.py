"""Importing files of feeds: resolve games and players, check, and add the rows to the warehouse."""
