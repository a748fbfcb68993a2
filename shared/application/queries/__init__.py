"""Read-only SQL and the queries of the HTTP interface."""
