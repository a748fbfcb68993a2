"""Predicting many game dates in one process, with checkpoints."""
