"""Whether an installation works: what should serve, and the commands that put things right."""
