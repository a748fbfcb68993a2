"""The life of a run: request, jobs, outcomes, checks, activation."""
