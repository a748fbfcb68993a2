"""Fetching feeds: polite requests, raw responses stored first, then imported."""
