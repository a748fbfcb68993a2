"""The lifecycle of a run: request, jobs, outcomes, checks, activation."""
