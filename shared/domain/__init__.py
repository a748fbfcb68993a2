"""Rules of the game, the market and the models: pure functions without I/O."""
