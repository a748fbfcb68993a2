"""The demo: one game date of the sample league, played from loading to grading."""
