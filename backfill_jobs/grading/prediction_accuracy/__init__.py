"""The job that grades the predictions of past game dates."""
