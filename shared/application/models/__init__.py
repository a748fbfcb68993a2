"""The lifecycle of registered models: registry, promotion, health and drift."""
