"""Settings of the process: memory allocation and imports."""
