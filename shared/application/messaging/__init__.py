"""Events, outgoing messages, rejected messages and dead letters."""
