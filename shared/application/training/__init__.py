"""Training of models, walk-forward evaluation and experiments."""
