"""BigQuery's SQL on DuckDB: what was checked against Google's evaluator is translated, all else refused."""
