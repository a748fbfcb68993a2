"""The 33 V9 features of many player-games at once, strictly as of an instant."""
