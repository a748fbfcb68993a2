"""Repositories on top of the warehouse port, with their SQL."""
