"""Prediction of many game dates in one process, with checkpoints."""
