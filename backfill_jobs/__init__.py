"""Programs that operators run by name: the command line, the demo and the backfill jobs."""
