"""Prediction of the jobs of a batch, and the rows that are staged."""
