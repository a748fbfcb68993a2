"""The code that the services, the jobs and the command line share."""

__version__ = "0.1.0"
"""Version of the package; a constant because the images hold the code without the package's metadata."""
