"""Grading of predictions, coverage, performance and the daily signals."""
