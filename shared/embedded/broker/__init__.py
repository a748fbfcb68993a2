"""A push broker for one machine with Pub/Sub's rules: at-least-once delivery, retries, dead letters."""
