"""The service that predicts the jobs of players and stages the rows."""
