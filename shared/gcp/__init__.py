"""Adapters for Google Cloud."""
