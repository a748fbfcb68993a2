"""Adapters without a cloud: DuckDB, SQLite and local files, each the twin of one in ``shared.gcp``."""
