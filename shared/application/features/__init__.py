"""The feature store: the inputs of a slate, snapshots of feature rows and their diagnosis."""
