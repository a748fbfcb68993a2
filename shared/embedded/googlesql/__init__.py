"""BigQuery's SQL on DuckDB: translates what was checked against Google's evaluator, refuses all else."""
