"""The service that starts runs, publishes one job per player and activates the predictions."""
