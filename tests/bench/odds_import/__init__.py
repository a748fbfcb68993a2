"""The import of an odds feed beside a pandas script that does the same."""
