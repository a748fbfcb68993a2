"""Read models of the console and the command line."""
