"""The web console of the coordinator."""
